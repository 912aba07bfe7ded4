package eventtext

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/gkhi/gkhi/internal/event"
)

// Parse makes a complete recording of text. The first line that says something is meta. An error names the line.
func Parse(text io.Reader) ([]byte, error) {
	p := &parser{}
	lines := bufio.NewScanner(text)
	lines.Buffer(nil, event.MaxBlock)
	for n := 1; lines.Scan(); n++ {
		if err := p.line(lines.Text()); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if p.enc == nil {
		return nil, errors.New("there is no line with meta")
	}
	p.flush()
	var out bytes.Buffer
	w := event.NewWriter(&out)
	if _, err := w.Write(p.enc.Take()); err != nil {
		return nil, err
	}
	err := errors.Join(w.Close(), p.open())
	return out.Bytes(), err
}

type parser struct {
	enc    *event.Encoder
	undone bool // events stand behind the last watermark

	funcs  []event.Func // of one block, until another line comes
	sites  []event.Site
	hooks  []string
	counts []event.Count
	pc     uint64
	frames []event.Frame

	nFuncs, nSites, nHooks, nStacks int
}

// open says that events are not in the recording, since no watermark closed their block.
func (p *parser) open() error {
	if p.undone {
		return errors.New("a watermark is missing behind the last events")
	}
	return nil
}

// flush writes lists of definitions that have gathered.
func (p *parser) flush() {
	if len(p.funcs) > 0 {
		p.enc.Funcs(p.funcs)
	}
	if len(p.sites) > 0 {
		p.enc.Sites(p.sites)
	}
	if len(p.hooks) > 0 {
		p.enc.Hooks(p.hooks)
	}
	if len(p.counts) > 0 {
		p.enc.Counts(p.counts)
	}
	if len(p.frames) > 0 {
		p.enc.Frames(p.pc, p.frames)
	}
	p.funcs, p.sites, p.hooks, p.counts, p.frames = nil, nil, nil, nil, nil
}

func (p *parser) line(text string) error {
	s := scan{rest: text}
	word := s.word()
	if word == "" {
		return nil
	}
	if (word == "meta") != (p.enc == nil) {
		return errors.New("the first line is meta, and only that")
	}
	switch {
	case word == "func" && len(p.funcs) > 0, word == "site" && len(p.sites) > 0, word == "hook" && len(p.hooks) > 0,
		word == "count" && len(p.counts) > 0, word == "frame" && len(p.frames) > 0:
	case p.enc != nil:
		p.flush()
	}
	switch word {
	case "meta":
		var m event.Meta
		if err := json.Unmarshal([]byte(s.rest), &m); err != nil {
			return fmt.Errorf("meta: %w", err)
		}
		p.enc = event.NewEncoder(m)
		return nil
	case "func":
		f := event.Func{Name: s.string(), Package: s.string(), File: s.string(), Line: s.int()}
		f.Params, f.Results = s.params(), s.params()
		p.funcs = append(p.funcs, f)
		p.nFuncs++
	case "site":
		p.site(&s)
	case "hook":
		p.hooks = append(p.hooks, s.string())
		p.nHooks++
	case "frame":
		pc := s.uint()
		if len(p.frames) > 0 && pc != p.pc {
			p.flush()
		}
		p.pc = pc
		p.frames = append(p.frames, event.Frame{Func: s.string(), File: s.string(), Line: s.int()})
	case "stack":
		var pcs []uint64
		for s.more() {
			pcs = append(pcs, s.uint())
		}
		p.nStacks++
		if s.err == nil {
			p.enc.Stack(pcs)
		}
	case "event":
		p.event(&s)
	case "close":
		if thread := s.int(); s.err == nil {
			p.enc.Close(thread)
		}
	case "hit":
		p.hit(&s)
	case "gap":
		if at := s.uint(); s.err == nil {
			p.enc.Gap(at)
		}
	case "count":
		c := event.Count{Func: s.below(p.nFuncs), Calls: s.uint()}
		p.counts = append(p.counts, c)
	case "watermark":
		w := event.Watermark{Until: s.uint()}
		w.Ticks, w.Mono, w.Wall, w.Lost = s.named("ticks").uint(), s.named("mono").signed(), s.named("wall").signed(), s.named("lost").uint()
		p.undone = false
		if s.err == nil {
			p.enc.Watermark(w)
		}
	default:
		return fmt.Errorf("there is no line that begins with %q", word)
	}
	if s.more() {
		s.fail("nothing more")
	}
	return s.err
}

func (p *parser) site(s *scan) {
	site := event.Site{Func: s.below(p.nFuncs)}
	switch kind := s.word(); kind {
	case "return":
		site.Return = true
	case "entry":
	default:
		s.fail("entry or return")
	}
	site.Line = s.int()
	site.InRange = s.flag("range")
	if s.flag("words") {
		for s.more() {
			param, part, _ := strings.Cut(s.word(), ".")
			site.Words = append(site.Words, event.Word{Param: s.small(param), Part: s.small(part)})
		}
	}
	p.sites = append(p.sites, site)
	p.nSites++
}

func (p *parser) event(s *scan) {
	ev := event.Event{Ticks: s.uint(), Stack: -1, CPU: -1}
	ev.Thread, ev.G, ev.Site = s.named("thread").int(), s.named("g").uint(), s.named("site").below(p.nSites)
	if s.flag("cpu") {
		ev.CPU = s.int()
	}
	ev.SP, ev.BP = uint32(s.named("sp").uint()), uint32(s.named("bp").uint())
	ev.Gap = s.flag("gap")
	if s.flag("words") {
		for s.more() && !s.at("stack") && len(ev.Words) < 256 {
			ev.Words = append(ev.Words, s.uint())
		}
	}
	if s.flag("stack") {
		ev.Stack = s.below(p.nStacks)
	}
	if len(ev.Words) > 255 {
		s.fail("at most 255 words")
	}
	if s.err == nil {
		p.enc.Event(&ev)
		p.undone = true
	}
}

func (p *parser) hit(s *scan) {
	h := event.Hit{Ticks: s.uint(), G: s.named("g").uint(), Hook: s.named("hook").below(p.nHooks)}
	s.space()
	if strings.HasPrefix(s.rest, "{") {
		dec := json.NewDecoder(strings.NewReader(s.rest))
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			s.fail("a JSON object")
			return
		}
		h.Fields, s.rest = raw, s.rest[dec.InputOffset():]
	} else {
		h.Fields = []byte(s.string())
	}
	if s.err == nil {
		p.enc.Hit(&h)
		p.undone = true
	}
}

// A scan takes a line apart. Its first error stays, and all values behind it are zero.
type scan struct {
	rest string
	err  error
}

func (s *scan) fail(want string) {
	if s.err == nil {
		s.err = fmt.Errorf("%s expected, found %.40q", want, s.rest)
	}
}

func (s *scan) space() { s.rest = strings.TrimLeft(s.rest, " \t") }

// more reports whether there is anything before a comment.
func (s *scan) more() bool {
	s.space()
	return s.err == nil && s.rest != "" && s.rest[0] != '#'
}

func (s *scan) word() string {
	if !s.more() {
		return ""
	}
	n := strings.IndexAny(s.rest, " \t()")
	if n < 0 {
		n = len(s.rest)
	}
	w := s.rest[:n]
	s.rest = s.rest[n:]
	return w
}

// at reports whether a word comes next.
func (s *scan) at(word string) bool {
	s.space()
	rest, ok := strings.CutPrefix(s.rest, word)
	return ok && (rest == "" || rest[0] == ' ')
}

// flag takes a word if it is there.
func (s *scan) flag(word string) bool {
	if s.err != nil || !s.at(word) {
		return false
	}
	s.rest = s.rest[len(word):]
	return true
}

// named takes a word that has to be there.
func (s *scan) named(word string) *scan {
	if s.err == nil && !s.flag(word) {
		s.fail(word)
	}
	return s
}

func (s *scan) uint() uint64 {
	before := s.rest
	v, err := strconv.ParseUint(s.word(), 0, 64)
	if err != nil {
		s.rest = before
		s.fail("a number")
		return 0
	}
	return v
}

func (s *scan) signed() int64 {
	before := s.rest
	v, err := strconv.ParseInt(s.word(), 0, 64)
	if err != nil {
		s.rest = before
		s.fail("a number")
	}
	return v
}

func (s *scan) int() int { return s.below(1<<31 - 1) }

func (s *scan) below(n int) int {
	before := s.rest
	v := s.uint()
	if s.err == nil && v >= uint64(n) {
		s.rest = before
		s.fail(fmt.Sprintf("a number below %d", n))
		return 0
	}
	return int(v)
}

func (s *scan) small(text string) int {
	v, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		s.fail("numbers such as 0.1")
	}
	return int(v)
}

func (s *scan) string() string {
	s.space()
	quoted, err := strconv.QuotedPrefix(s.rest)
	if err != nil || s.err != nil {
		s.fail("a string in quotes")
		return ""
	}
	s.rest = s.rest[len(quoted):]
	v, _ := strconv.Unquote(quoted)
	return v
}

func (s *scan) params() (ps []event.Param) {
	s.space()
	if !strings.HasPrefix(s.rest, "(") {
		s.fail("(")
		return nil
	}
	s.rest = s.rest[1:]
	for s.err == nil {
		s.space()
		if strings.HasPrefix(s.rest, ")") {
			s.rest = s.rest[1:]
			return ps
		}
		ps = append(ps, event.Param{Name: s.string(), Type: s.string(), Kind: event.ParamKind(s.below(256))})
	}
	return nil
}
