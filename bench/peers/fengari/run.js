// node run.js PROGRAM N WARM_UP: prints one line {"checksum":…,"ms":…} with the processor time of run(N) in fengari; of its
// own thread alone, because os.clock tells the same of native Lua.
import { readFileSync } from 'node:fs'
import { lauxlib, lua, lualib, to_luastring } from 'fengari'

const [path, n, warmUp] = process.argv.slice(2)
const L = lauxlib.luaL_newstate()
lualib.luaL_openlibs(L)

function must(status) {
  if (status !== lua.LUA_OK) throw new Error(lua.lua_tojsstring(L, -1))
}

function run(size) {
  lua.lua_getglobal(L, to_luastring('run'))
  lua.lua_pushinteger(L, Number(size))
  must(lua.lua_pcall(L, 1, 1, 0))
  const result = lua.lua_tojsstring(L, -1)
  lua.lua_pop(L, 1)
  return result
}

must(lauxlib.luaL_loadbuffer(L, readFileSync(path), null, to_luastring('@' + path)))
must(lua.lua_pcall(L, 0, 0, 0))
run(warmUp)
const start = process.threadCpuUsage()
const checksum = run(n)
const { user, system } = process.threadCpuUsage(start)
console.log(JSON.stringify({ checksum, ms: (user + system) / 1000 }))
