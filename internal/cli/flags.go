package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gkhi/gkhi/internal/cli/draw"
)

// durationValue is a flag for a duration above 0; it is 0 when the flag is not given.
type durationValue struct {
	d     *time.Duration
	least time.Duration
}

func (v durationValue) String() string {
	if v.d == nil || *v.d == 0 {
		return ""
	}
	return v.d.String()
}

func (durationValue) Type() string { return "duration" }

func (v durationValue) Set(text string) error {
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return errors.New("not a duration such as 5s, 1m30s or 200ms")
	case d <= 0:
		return errors.New("a duration above 0 is needed")
	case d < v.least:
		return fmt.Errorf("at least %v is needed", v.least)
	}
	*v.d = d
	return nil
}

// countValue is a flag for a whole number above 0; it is 0 when the flag is not given.
type countValue struct{ n *uint64 }

func (v countValue) String() string {
	if v.n == nil || *v.n == 0 {
		return ""
	}
	return strconv.FormatUint(*v.n, 10)
}

func (countValue) Type() string { return "count" }

func (v countValue) Set(text string) error {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n == 0 {
		return errors.New("a whole number above 0 is needed")
	}
	*v.n = n
	return nil
}

// listValue is a flag that may be given several times.
type listValue struct{ list *[]string }

func (v listValue) String() string {
	if v.list == nil {
		return ""
	}
	return strings.Join(*v.list, " ")
}

func (listValue) Type() string { return "condition" }

func (v listValue) Set(text string) error {
	*v.list = append(*v.list, text)
	return nil
}

// jsonFlag adds --json.
func jsonFlag(cmd *cobra.Command, on *bool) {
	cmd.Flags().BoolVar(on, "json", false, "print one JSON object a line")
}

// shortFlag adds --short, which is for people: JSON and CSV have full names.
func shortFlag(cmd *cobra.Command, on *bool) {
	cmd.Flags().BoolVar(on, "short", false, "show names without the path of their package, where that is clear")
}

// shortNames are by what names are shown with --short, and without.
func shortNames(short bool, names ...string) *draw.Names {
	if !short {
		return nil
	}
	n := draw.NewNames()
	for _, name := range names {
		n.Add(name)
	}
	return n
}

// durationFlag adds -d.
func durationFlag(cmd *cobra.Command, d *time.Duration, usage string) {
	cmd.Flags().VarP(durationValue{d: d}, "duration", "d", usage)
}

// limit ends ctx after d; 0 is never.
func limit(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d > 0 {
		return context.WithTimeout(ctx, d)
	}
	return context.WithCancel(ctx)
}
