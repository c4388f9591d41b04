-- Strings: join, format, search, replace, repeat, and walk byte by byte.
local format, gsub, find, rep = string.format, string.gsub, string.find, string.rep
local byte, char, sub = string.byte, string.char, string.sub

local function round(seed)
  local parts = {}
  for i = 1, 40 do parts[i] = format('%s=%d;%04x', 'key' .. i, seed * i, (seed * 31 + i) % 65521) end
  local text = table.concat(parts, ' ')
  local swapped, count = gsub(text, '(%w+)=(%w+)', '%2=%1')
  local upper = gsub(swapped, 'k%a+', string.upper)
  local sum, at = count, 1
  while true do
    local from, to, digits = find(upper, 'KEY(%d+)', at)
    if not from then break end
    sum = (sum * 31 + #digits + from) % 65521
    at = to + 1
  end
  local padded = rep(sub(upper, 1, 16), 8, '-')
  local rotated = {}
  for i = 1, #padded do rotated[i] = char((byte(padded, i) + seed) % 96 + 32) end
  local line = ''
  for i = 1, #rotated do line = line .. rotated[i] end
  for i = 1, #line do sum = (sum * 31 + byte(line, i)) % 65521 end
  if line:reverse() == line or line:lower() == padded then sum = sum + 1 end
  return sum
end

function run(n)
  local sum = 0
  for i = 1, n do sum = (sum * 31 + round(i)) % 65521 end
  return sum
end
