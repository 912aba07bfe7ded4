package insn

import "testing"

func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{&RangeError{What: "JMP rel8", From: 0x1000, To: 0x2000}, "JMP rel8 at 0x1000 cannot reach 0x2000"},
		{&AlignError{What: "B", From: 0x1000, To: 0x1002}, "B at 0x1000: target 0x1002 is not aligned to an instruction word"},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
