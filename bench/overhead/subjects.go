package main

// A subject is a module and those of its benchmarks that are run: each is of the module's core, takes
// a few milliseconds at most, and needs no files from elsewhere.
type subject struct {
	module, version string
	pkg             string // relative to the module
	bench           string // a regular expression, as -bench takes it
	count           int    // how often in a row benchmarks are run at most, where each run takes long to prepare; 0: as usual
	only            string // those of its tests that are run, where all take hours
	skip            string // tests that need what this machine may not have, or hang without points too
}

// subjects are of many kinds: stores, codecs, an interpreter, numbers, servers. The first is the smallest. Fasthttp's
// benchmarks of its server are not among them, since they wait for 10 ms as they end.
var subjects = []subject{
	{module: "go.etcd.io/bbolt", version: "v1.5.0", pkg: ".", bench: "^Benchmark(DBBatchManual10x100|DBBatchAutomatic)$"},
	{module: "github.com/klauspost/compress", version: "v1.20.3", pkg: "./flate", bench: "^Benchmark(DecodeTwain|EncodeTwain)(Speed|Default)1e5$|^BenchmarkEncodeDigitsConstant1e5$"},
	{module: "github.com/dop251/goja", version: "v0.0.0-20260917113740-793a2a65c13b", pkg: ".", bench: "^Benchmark(CallJS|CallNative|Compile|JSONStringify|RegexpMatch|MapDeleteJS|FuncCall|VMAdd|CallReflect|ArrayGet)$"},
	{module: "gonum.org/v1/gonum", version: "v0.17.0", pkg: "./mat", bench: "^Benchmark(MulDense100Half|CholeskyFactorize|DenseExp100|DensePow100_5|DenseRow1000)$"},
	{module: "github.com/cockroachdb/pebble", version: "v1.1.5", pkg: "./sstable", bench: "^Benchmark(BlockIterSeekGE|BlockIterNext|BlockIterPrev|DecodeVarint)$"},
	{module: "github.com/dgraph-io/badger/v4", version: "v4.9.6", pkg: "./skl", bench: "^Benchmark(ReadWrite|Write)$"},
	{module: "github.com/prometheus/prometheus", version: "v0.316.0", pkg: "./tsdb/chunkenc", bench: "^Benchmark(XorRead|HistogramSTRead|WriteBits)$"},
	{module: "github.com/valyala/fasthttp", version: "v1.78.0", pkg: ".", bench: "^Benchmark(ArgsParse|ClientGetEndToEnd10Inmemory|RequestHeaderHasAcceptEncodingTokens|ParseHTTPDate|HTMLEscapeString)$"},
	{module: "github.com/nats-io/nats-server/v2", version: "v2.15.2", pkg: "./server", bench: "^Benchmark(_GetHash|NewRouteReply|_*Sublist(Match|Insert|HasInterest).*)$",
		count: 1, only: "^Test(Sublist|Parse|Split|Client|Ping|Config|Account|Auth|Subject|Pub|Routes?[A-Z]|Max|MQTTParse|Subscribe|Queue)"},
}
