package funcs

// RecordOptions say what events have besides, of a session that records.
type RecordOptions struct {
	Values bool // arguments at entries and results at returns
	Depth  int  // callers at most; 0 for none
}

// A Site is one of the sites of a session that records.
type Site struct {
	Func    int // index of the session's Funcs
	Return  bool
	InRange bool
	Line    int
	Words   []Word // what is known of the arguments there, or at a return of the results
}
