package record

// callLen is 0: the veneer passes the site's own address to the trampoline.
const callLen = 0
