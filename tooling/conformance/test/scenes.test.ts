// Programs of scenes write the same logs registered on each transport as on node:net, loaded by either way to register.
import { loadNative } from '@x/core/transport'
import { describe, expect, it } from 'vitest'
import { compareProgram, programs } from '../scenes/compare.mjs'

const arms = loadNative().transport === null ? ['portable'] : ['native', 'portable']

describe.each(['import', 'require'] as const)('scenes under register, by --%s', by => {
  it.concurrent.each(programs)('[N5] %s', async program => {
    const { scenes, differences } = await compareProgram(program, { arms, by })
    expect(Object.keys(scenes)).not.toEqual(['program'])
    expect(differences).toEqual([])
  })
})
