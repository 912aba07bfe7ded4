module github.com/gkhi/gkhi

// 1.26 is the oldest release that is supported upstream (1.27 is out).
go 1.26.0
