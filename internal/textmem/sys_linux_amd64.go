package textmem

const sysMembarrier = 324
