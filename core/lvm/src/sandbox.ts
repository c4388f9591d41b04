/**
 * Takes away from Lua what a program must not have: other code than its source, randomness, output, the collector, and
 * finalizers, which would run at times that nobody can foresee.
 */
export const SANDBOX = `
dofile, loadfile, load, collectgarbage, print, warn = nil
string.dump, math.random, math.randomseed = nil
local set, get, typeOf, raise = setmetatable, rawget, type, error
function setmetatable(object, methods)
  if typeOf(methods) == 'table' and get(methods, '__gc') ~= nil then raise('there are no finalizers here', 2) end
  return set(object, methods)
end
`
