package argplace

import "encoding/binary"

// lists are a program's location lists.
type lists struct {
	loclists []byte // DWARF 5: .debug_loclists
	loc      []byte // DWARF 4: .debug_loc
	addr     []byte // .debug_addr
}

// A unit is what a compilation unit's lists need.
type unit struct {
	version  int
	base     uint64 // its DW_AT_low_pc
	addrBase uint64 // its DW_AT_addr_base
}

// at returns the expression that a list has for pc, or nil.
func (l *lists) at(u *unit, offset, pc uint64) []byte {
	if u.version >= 5 {
		return l.at5(u, offset, pc)
	}
	return l.at4(u, offset, pc)
}

// at5 reads a list of DWARF 5, section 7.7.3.
func (l *lists) at5(u *unit, offset, pc uint64) []byte {
	if offset >= uint64(len(l.loclists)) {
		return nil
	}
	base := u.base
	var otherwise []byte
	for r := (reader{b: l.loclists[offset:]}); !r.bad; {
		var lo, hi uint64
		kind := r.u8()
		switch kind {
		case 0: // DW_LLE_end_of_list
			return otherwise
		case 1: // DW_LLE_base_addressx
			base = l.address(u, r.uleb(), &r)
			continue
		case 2: // DW_LLE_startx_endx
			lo = l.address(u, r.uleb(), &r)
			hi = l.address(u, r.uleb(), &r)
		case 3: // DW_LLE_startx_length
			lo = l.address(u, r.uleb(), &r)
			hi = lo + r.uleb()
		case 4: // DW_LLE_offset_pair
			lo, hi = base+r.uleb(), base+r.uleb()
		case 5: // DW_LLE_default_location
			otherwise = r.take(r.uleb())
			continue
		case 6: // DW_LLE_base_address
			base = r.u64()
			continue
		case 7: // DW_LLE_start_end
			lo, hi = r.u64(), r.u64()
		case 8: // DW_LLE_start_length
			lo = r.u64()
			hi = lo + r.uleb()
		default:
			return nil
		}
		expr := r.take(r.uleb())
		if !r.bad && lo <= pc && pc < hi {
			return expr
		}
	}
	return nil
}

// address looks up .debug_addr.
func (l *lists) address(u *unit, i uint64, r *reader) uint64 {
	n := uint64(len(l.addr))
	if i >= n/8 || u.addrBase > n-8 || u.addrBase+8*i > n-8 {
		r.bad = true
		return 0
	}
	return binary.LittleEndian.Uint64(l.addr[u.addrBase+8*i:])
}

// at4 reads a list of DWARF 4, section 2.6.2.
func (l *lists) at4(u *unit, offset, pc uint64) []byte {
	if offset >= uint64(len(l.loc)) {
		return nil
	}
	base := u.base
	for r := (reader{b: l.loc[offset:]}); !r.bad; {
		lo, hi := r.u64(), r.u64()
		switch {
		case lo == 0 && hi == 0:
			return nil
		case lo == ^uint64(0):
			base = hi
			continue
		}
		expr := r.take(r.u16())
		if !r.bad && base+lo <= pc && pc < base+hi {
			return expr
		}
	}
	return nil
}
