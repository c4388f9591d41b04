import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type DevnetStatus, freeBasePort } from '@smartshare/devnet'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { smartshare, smartshareJson } from './smartshare.ts'

const DASHBOARD = fileURLToPath(new URL('../../docs/operations/smartshare.grafana.json', import.meta.url))
/** What every Node program measures, which other dashboards show. */
const OF_THE_RUNTIME = /^(smartshare_agent_)?(nodejs|process)_/
/** The series of a histogram have its name and one of these. */
const PARTS_OF_HISTOGRAMS = /_(bucket|sum|count)$/

interface Panel {
  readonly title: string
  readonly targets?: readonly { readonly expr: string }[]
}

let home: string
const measured = new Set<string>()

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'smartshare-dashboard-'))
  const ports = ['--base-port', `${await freeBasePort()}`]
  const words = [
    'devnet',
    'up',
    '--detach',
    '--dir',
    join(home, 'net'),
    '--delegates',
    '1',
    '--providers',
    '1',
    ...ports,
  ]
  const { urls } = await smartshareJson<DevnetStatus>(...words)
  const agent = JSON.parse(readFileSync(join(home, 'net', 'providers', 'p1', 'agent.json'), 'utf8'))
  for (const url of [urls.metrics, `${urls.index}/metrics`, `http://127.0.0.1:${agent.status.port}/metrics`]) {
    const text = await (await fetch(url)).text()
    for (const [, name = ''] of text.matchAll(/^# TYPE (\S+) \S+$/gm)) measured.add(name)
  }
})

afterAll(async () => {
  await smartshare('devnet', 'reset', '--dir', join(home, 'net'))
  rmSync(home, { recursive: true, force: true })
})

function shown(): Map<string, string> {
  const { panels } = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as { panels: Panel[] }
  const names = new Map<string, string>()
  for (const { title, targets = [] } of panels) {
    for (const { expr } of targets) {
      for (const [name] of expr.matchAll(/\bsmartshare_\w+/g)) names.set(name.replace(PARTS_OF_HISTOGRAMS, ''), title)
    }
  }
  return names
}

describe('the dashboard', () => {
  it('shows only what nodes and agents measure', () => {
    expect(shown().size).toBeGreaterThan(15)
    expect([...shown()].filter(([name]) => !measured.has(name))).toEqual([])
  })

  it('leaves out nothing that they measure', () => {
    const missing = [...measured].filter((name) => !OF_THE_RUNTIME.test(name) && !shown().has(name))
    expect(missing).toEqual([])
  })
})
