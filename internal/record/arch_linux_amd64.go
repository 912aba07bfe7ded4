package record

// callLen is how far behind a site the address is by which a trampoline knows
// it: the return address of the site's CALL, which has a prefix.
const callLen = 6
