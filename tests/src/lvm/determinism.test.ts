import { describe, expect, it } from 'vitest'
import { COMPILERS, differences, freshTranscripts, transcripts, transcriptsElsewhere } from './transcripts.ts'

// `npm run soak:lvm` does the same with many more programs.
const few = { hostile: false, from: 0, to: 60 }
const selection = { hostile: false, from: 0, to: 300 }

describe('a Lua program', () => {
  it('shows the same, and takes the same fuel, in every process and by every compiler', async () => {
    const here = [...transcripts(selection)]
    expect(new Set(here).size).toBeGreaterThan(selection.to * 0.9)
    for (const [name, options] of Object.entries(COMPILERS)) {
      const there = await transcriptsElsewhere(options, selection)
      expect([name, differences(there, here)]).toEqual([name, []])
    }
  })

  it('shows the same in a machine of its own', () => {
    expect(differences([...freshTranscripts(few)], [...transcripts(few)])).toEqual([])
  })
})
