-- lua5.4 driver.lua PROGRAM N WARM_UP: prints the checksum and the milliseconds of processor time that run(N) takes.
local RUNS = 3
local program, n, warmUp = arg[1], math.tointeger(arg[2]), math.tointeger(arg[3])
dofile(program)
run(warmUp)
-- The least of some, because all else on the machine only adds.
local least, checksum = math.huge, nil
for _ = 1, RUNS do
  collectgarbage()
  local start = os.clock()
  checksum = run(n)
  least = math.min(least, os.clock() - start)
end
print(checksum)
print(least * 1000)
