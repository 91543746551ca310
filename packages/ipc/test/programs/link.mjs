// Makes a symbolic link and gives it to a stranger.
import { lchownSync, symlinkSync } from 'node:fs'

const [target, file] = process.argv.slice(2)
symlinkSync(target, file)
lchownSync(file, 54321, 54321)
console.log('linked')
