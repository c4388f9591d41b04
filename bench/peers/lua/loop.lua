-- Arithmetic in loops: integers (kept below 2^31, because fengari has no larger ones), floats and branches.
local function integers(n)
  local x, sum = 1, 0
  for i = 1, n do
    x = (x * 1103 + 12345) % 1048573
    if x & 1 == 0 then sum = sum ~ x else sum = (sum + (x >> 3) * 5 + i // 7) & 0xfffff end
  end
  return sum
end

local function floats(n)
  local x, y, turns = 0.5, 0.25, 0
  for i = 1, n do
    x = x * 3.7 * (1.0 - x)
    y = y + (x - y) / (i + 1.5)
    if x > y then turns = turns + 1 end
  end
  return turns + math.floor(y * 1e6)
end

function run(n)
  return integers(n) + floats(n)
end
