// For tests and benches: PostgreSQL of this machine in a folder of its own, and a chain on which everything happens.
import { spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const DEBIAN = '/usr/lib/postgresql'
const START_SECONDS = '60'

/** Folder of PostgreSQL's programs where Debian puts them; undefined if they are not installed. */
export function postgresPrograms(): string | undefined {
  if (!existsSync(DEBIAN)) return undefined
  const versions = readdirSync(DEBIAN).map(Number).filter(Number.isInteger)
  const found = versions.sort((a, b) => b - a).map((version) => join(DEBIAN, `${version}`, 'bin'))
  return found.find((folder) => existsSync(join(folder, 'initdb')))
}

export interface TestPostgres {
  /** By a socket in its folder: no port is taken. */
  readonly url: string
  stop(): void
}

/** Starts a server of its own. `settings` as in postgresql.conf. Throws if PostgreSQL is not installed or does not start. */
export function startPostgres(settings: Readonly<Record<string, string>> = {}): TestPostgres {
  const programs = postgresPrograms()
  if (programs === undefined) throw new Error('PostgreSQL is not installed')
  const dir = mkdtempSync(join(tmpdir(), 'smartshare-pg-'))
  const owner = ownerOf()
  if (owner !== undefined) chownSync(dir, owner.uid, owner.gid)
  const data = join(dir, 'data')
  const run = (program: string, ...args: string[]) => {
    const options = { cwd: dir, encoding: 'utf8' as const, stdio: 'pipe' as const, ...owner }
    const result = spawnSync(join(programs, program), args, options)
    if (result.status !== 0) throw new Error(`${program}: ${result.error?.message ?? result.stderr}`)
  }
  run('initdb', '-D', data, '-U', 'smartshare', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync')
  const all = { listen_addresses: '', unix_socket_directories: dir, ...settings }
  const words = Object.entries(all).map(([name, value]) => `-c ${name}='${value}'`)
  run('pg_ctl', '-D', data, '-l', join(dir, 'log'), '-w', '-t', START_SECONDS, '-o', words.join(' '), 'start')
  return {
    url: `postgres://smartshare@/postgres?host=${dir}`,
    stop() {
      run('pg_ctl', '-D', data, '-m', 'immediate', '-w', 'stop')
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** PostgreSQL refuses to run as root: then it runs as the user that Debian made for it. */
function ownerOf(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'))
  const [, , uid, gid] = line?.split(':') ?? []
  return { uid: Number(uid), gid: Number(gid) }
}
