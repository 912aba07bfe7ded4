package report_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gkhi/gkhi/internal/event"
	"github.com/gkhi/gkhi/internal/report"
	"github.com/gkhi/gkhi/internal/report/chrome"
	"github.com/gkhi/gkhi/internal/report/folded"
	"github.com/gkhi/gkhi/internal/report/perfetto"
	"github.com/gkhi/gkhi/internal/report/pprof"
	"github.com/gkhi/gkhi/internal/report/reporttest"
)

var update = flag.Bool("update", false, "rewrite testdata/*.golden")

// formats write a recording.
var formats = map[string]func(w io.Writer, r *event.Reader, f report.Filter) error{
	"folded": func(w io.Writer, r *event.Reader, f report.Filter) error {
		t := report.NewTree(r)
		_, err := report.Walk(r, f, t.Visitor())
		if err != nil {
			return err
		}
		t.Finish()
		return folded.Write(w, t)
	},
	"pprof": func(w io.Writer, r *event.Reader, f report.Filter) error {
		t := report.NewTree(r)
		out, err := report.Walk(r, f, t.Visitor())
		if err != nil {
			return err
		}
		t.Finish()
		return pprof.Write(w, &r.Definitions, t, out)
	},
	"chrome": func(w io.Writer, r *event.Reader, f report.Filter) error {
		c := chrome.New(w, r)
		_, err := report.Walk(r, f, c.Visitor())
		if err != nil {
			return err
		}
		return c.Close()
	},
	"perfetto": func(w io.Writer, r *event.Reader, f report.Filter) error {
		p := perfetto.New(w, r)
		_, err := report.Walk(r, f, p.Visitor())
		if err != nil {
			return err
		}
		return p.Close()
	},
}

// shown turns a binary format into text.
var shown = map[string]func(t *testing.T, b []byte) string{
	"perfetto": func(t *testing.T, b []byte) string { return decode(t, "", b, trace) },
	"pprof": func(t *testing.T, b []byte) string {
		p, err := profile.ParseData(b)
		if err != nil {
			t.Fatal(err)
		}
		return p.String()
	},
}

func write(t *testing.T, format string, recording []byte, f report.Filter) []byte {
	t.Helper()
	r, err := event.NewReader(bytes.NewReader(recording))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := formats[format](&b, r, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestFormats compares what each format makes of a small recording with testdata. Rewrite that with -update.
func TestFormats(t *testing.T) {
	recording := reporttest.Make(reporttest.Options{
		Events: 60, Goroutines: 2, Threads: 2, Values: true, Stacks: true, Hits: true, Lost: 0.03, Panics: 0.1, Seed: 7,
	})
	for format := range formats {
		t.Run(format, func(t *testing.T) {
			raw := write(t, format, recording, report.Filter{})
			got := string(raw)
			if show := shown[format]; show != nil {
				got = show(t, raw)
			}
			file := filepath.Join("testdata", format+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s differs; it is now\n%s", file, got)
			}
		})
	}
}

// A field is what perfetto's .proto files say of one: written down from there, not from the writer.
type field struct {
	name   string
	fields map[protowire.Number]field // of a message
	text   bool
}

var (
	named = map[protowire.Number]field{1: {name: "iid"}, 2: {name: "name", text: true}}
	trace = map[protowire.Number]field{1: {name: "packet", fields: map[protowire.Number]field{
		6:  {name: "clock_snapshot", fields: map[protowire.Number]field{1: {name: "clocks", fields: map[protowire.Number]field{1: {name: "clock_id"}, 2: {name: "timestamp"}}}}},
		8:  {name: "timestamp"},
		10: {name: "trusted_packet_sequence_id"},
		11: {name: "track_event", fields: map[protowire.Number]field{
			3: {name: "category_iids"}, 9: {name: "type"}, 10: {name: "name_iid"}, 11: {name: "track_uuid"}, 34: {name: "source_location_iid"},
			4: {name: "debug_annotations", fields: map[protowire.Number]field{1: {name: "name_iid"}, 6: {name: "string_value", text: true}, 9: {name: "legacy_json_value", text: true}}},
		}},
		12: {name: "interned_data", fields: map[protowire.Number]field{
			1: {name: "event_categories", fields: named}, 2: {name: "event_names", fields: named}, 3: {name: "debug_annotation_names", fields: named},
			4: {name: "source_locations", fields: map[protowire.Number]field{1: {name: "iid"}, 2: {name: "file_name", text: true}, 3: {name: "function_name", text: true}, 4: {name: "line_number"}}},
		}},
		13: {name: "sequence_flags"},
		60: {name: "track_descriptor", fields: map[protowire.Number]field{
			1: {name: "uuid"}, 2: {name: "name", text: true}, 5: {name: "parent_uuid"},
			3: {name: "process", fields: map[protowire.Number]field{1: {name: "pid"}, 6: {name: "process_name", text: true}}},
		}},
	}}}
)

// decode shows a protobuf message, and fails at a field that isn't known.
func decode(t *testing.T, indent string, b []byte, fields map[protowire.Number]field) string {
	t.Helper()
	var out strings.Builder
	for len(b) > 0 {
		num, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		b = b[n:]
		f, ok := fields[num]
		switch {
		case ok && kind == protowire.VarintType && f.fields == nil && !f.text:
			v, n := protowire.ConsumeVarint(b)
			if n < 0 {
				t.Fatal(protowire.ParseError(n))
			}
			b = b[n:]
			fmt.Fprintf(&out, "%s%s: %d\n", indent, f.name, v)
		case ok && kind == protowire.BytesType && (f.fields != nil || f.text):
			v, n := protowire.ConsumeBytes(b)
			if n < 0 {
				t.Fatal(protowire.ParseError(n))
			}
			b = b[n:]
			if f.text {
				fmt.Fprintf(&out, "%s%s: %q\n", indent, f.name, v)
				continue
			}
			fmt.Fprintf(&out, "%s%s {\n%s%s}\n", indent, f.name, decode(t, indent+"  ", v, f.fields), indent)
		default:
			t.Fatalf("field %d of wire type %d is not known here", num, kind)
		}
	}
	return out.String()
}

// TestPerfettoNests holds that slices of a track begin and end like brackets, in the order of time, with names that were
// interned before, also when a filter puts entries off.
func TestPerfettoNests(t *testing.T) {
	recording := reporttest.Make(reporttest.Options{Events: 20000, Values: true, Hits: true, Lost: 0.001, Panics: 0.01, Turnover: 0.3})
	for _, f := range []report.Filter{{}, {Least: 3000}} {
		text := decode(t, "", write(t, "perfetto", recording, f), trace)
		depth, last, names := map[string]int{}, map[string]int{}, map[string]bool{}
		tracks := map[string]bool{}
		begins, instants := 0, 0
		for _, packet := range strings.Split(text, "packet {\n")[1:] {
			get := func(name string) string {
				m := regexp.MustCompile(`(?m)^ +` + name + `: (.*)$`).FindStringSubmatch(packet)
				if m == nil {
					return ""
				}
				return m[1]
			}
			if strings.Contains(packet, "track_descriptor {") {
				tracks[get("uuid")] = true
			}
			if i := strings.Index(packet, "event_names {"); i >= 0 {
				names[regexp.MustCompile(`iid: (\d+)`).FindStringSubmatch(packet[i:])[1]] = true
			}
			if !strings.Contains(packet, "track_event {") {
				continue
			}
			track := get("track_uuid")
			at, _ := strconv.Atoi(get("timestamp"))
			if !tracks[track] || at < last[track] {
				t.Fatalf("track %s is not described, or time goes back from %d:\n%s", track, last[track], packet)
			}
			last[track] = at
			switch get("type") {
			case "1":
				begins++
				depth[track]++
			case "2":
				if depth[track]--; depth[track] < 0 {
					t.Fatalf("an end without a beginning:\n%s", packet)
				}
			case "3":
				instants++
			}
			if get("type") != "2" && !names[get(`name_iid`)] && !strings.Contains(packet, "debug_annotations") {
				t.Fatalf("name %s is not interned", get("name_iid"))
			}
		}
		for track, n := range depth {
			if n != 0 {
				t.Errorf("%d slices of track %s have no end", n, track)
			}
		}
		if begins < 100 || (instants == 0) != (f.Least > 0) {
			t.Errorf("%d slices, %d instants", begins, instants)
		}
	}
}

// TestChrome reads the JSON back.
func TestChrome(t *testing.T) {
	recording := reporttest.Make(reporttest.Options{Events: 5000, Values: true, Hits: true, Lost: 0.001, Panics: 0.01})
	var got struct {
		TraceEvents []struct {
			Ph, Name string
			TS, Dur  float64
			Args     map[string]any
		}
	}
	if err := json.Unmarshal(write(t, "chrome", recording, report.Filter{}), &got); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, e := range got.TraceEvents {
		count[e.Ph]++
		if e.TS < 0 || e.Dur < 0 || e.Name == "" {
			t.Errorf("%+v", e)
		}
	}
	if count["X"] < 1000 || count["i"] == 0 || count["M"] < 5 {
		t.Errorf("%v", count)
	}
	var empty any
	if err := json.Unmarshal(write(t, "chrome", reporttest.Make(reporttest.Options{}), report.Filter{}), &empty); err != nil {
		t.Errorf("of an empty recording: %v", err)
	}
}

// TestPprofTool has the tool itself read a profile.
func TestPprofTool(t *testing.T) {
	recording := reporttest.Make(reporttest.Options{Events: 20000, Stacks: true, Slower: 20})
	file := filepath.Join(t.TempDir(), "profile")
	raw := write(t, "pprof", recording, report.Filter{})
	if err := os.WriteFile(file, raw, 0o666); err != nil {
		t.Fatal(err)
	}
	p, err := profile.ParseData(raw)
	if err != nil {
		t.Fatal(err)
	}
	most := func(index int) (name string) {
		flat := map[string]int64{}
		for _, s := range p.Sample {
			f := s.Location[0].Line[0].Function.Name
			flat[f] += s.Value[index]
			if flat[f] > flat[name] {
				name = f
			}
		}
		return name
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err) // it runs this test
	}
	for index, want := range map[string]string{"calls": most(0), "time": most(1)} {
		cmd := exec.Command(goTool, "tool", "pprof", "-top", "-sample_index="+index, file)
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "GOFLAGS=", "GOCACHE="+cache(t, goTool))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		lines := strings.Split(string(out), "\n")
		first := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "flat%") }) + 1
		if first == 0 || !strings.Contains(lines[first], want) {
			t.Errorf("by %s:\n%s", index, out)
		}
	}
}

// cache is where the go command keeps what it builds, such as pprof.
func cache(t *testing.T, goTool string) string {
	out, err := exec.Command(goTool, "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// TestIDs adds numbers near each other and far apart.
func TestIDs(t *testing.T) {
	var s report.IDs
	seen := map[uint64]bool{}
	for i := range uint64(20000) {
		id := i * 37 % 9001
		if i%100 == 0 {
			id = binary.BigEndian.Uint64([]byte{byte(i), 1, 2, 3, 4, 5, 6, byte(i >> 8)})
		}
		if s.Add(id) == seen[id] {
			t.Fatalf("%d was seen: %v", id, seen[id])
		}
		seen[id] = true
	}
}
