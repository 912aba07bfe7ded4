package textmem

const sysMembarrier = 283
