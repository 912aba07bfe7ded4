package main

// What stands at a dormant site? Eight of them in a row, in a loop that does nothing else.

var (
	//lint:ignore U1000 read by the assembly
	formFlag bool
	//lint:ignore U1000 read by the assembly
	formWord uint64
)

func formNothing(n int)
func formFlagNext(n int)
func formNopsNext(n int)
func formPrefixNext(n int)
func formEarlyNext(n int)
func formJumpNext(n int)
func formFlagAway(n int)
func formNopsAway(n int)
func formSwallowAway(n int)
func formPrefixAway(n int)
func formLongJumpNext(n int)
func formLongPrefixNext(n int)
func formLongNopsAway(n int)
func formLongPrefixAway(n int)
func formLoadBare(n int)
func formNopsBare(n int)
func formLeaBare(n int)
func formLeaBPBare(n int)
func formPrefixBare(n int)

func init() {
	questions = append(questions, &question{
		title:   "What a dormant site costs, by its form, in dense code:",
		threads: []int{1},
		fine:    true,
		designs: []design{
			{"the loop alone", formNothing},
			{"guarded, body next: flag and branch", formFlagNext},
			{"guarded, body next: the mark, two no-ops and a jump", formNopsNext},
			{"guarded, body next: a no-op with the mark, another, and a jump", formPrefixNext},
			{"**guarded, body next: a no-op with the mark, and a jump**", formEarlyNext},
			{"guarded, body next: a jump in the compare's place", formJumpNext},
			{"guarded, body elsewhere: flag and branch", formFlagAway},
			{"guarded, body elsewhere: the mark and three no-ops", formNopsAway},
			{"guarded, body elsewhere: the mark and two no-ops", formSwallowAway},
			{"**guarded, body elsewhere: two no-ops, one with the mark**", formPrefixAway},
			{"the same with a long branch, body next: a JMP", formLongJumpNext},
			{"**the same with a long branch, body next: a JNO, which is always taken**", formLongPrefixNext},
			{"the same with a long branch, body elsewhere: a longer no-op and one more", formLongNopsAway},
			{"**the same with a long branch, body elsewhere: a JO, which is never taken**", formLongPrefixAway},
			{"bare: load", formLoadBare},
			{"bare: two no-ops", formNopsBare},
			{"bare: one instruction of seven bytes, an address from RIP", formLeaBare},
			{"**bare: one instruction of seven bytes, an address from BP**", formLeaBPBare},
			{"bare: the same, with the mark", formPrefixBare},
		},
	})
}
