package control

// HoldEnv names a folder in the environment, by which gkhi run -trace gets hold of each process of the
// program before its own code begins: package autoserve makes a file there that is named after the process's id, and
// lets the program begin when gkhi has removed it.
const HoldEnv = "GKHI_HOLD"
