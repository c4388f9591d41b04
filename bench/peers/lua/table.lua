-- Tables: append, index, sort with and without an order of its own, take out, and keys that are strings.
local insert, remove, sort, concat = table.insert, table.remove, table.sort, table.concat
local SIZE = 500

local function round(seed)
  local list, x = {}, seed
  for i = 1, SIZE do
    x = (x * 1103 + 12345) % 1048573
    insert(list, x)
  end
  sort(list)
  local people = {}
  for i = 1, SIZE do people[i] = { rank = (list[i] * 31) % 1009, id = i } end
  sort(people, function(a, b)
    if a.rank ~= b.rank then return a.rank < b.rank end
    return a.id < b.id
  end)
  local byName, sum = {}, 0
  for i = 1, SIZE do
    local key = 'k' .. people[i].rank
    byName[key] = (byName[key] or 0) + people[i].id
  end
  for i = 1, SIZE do sum = (sum * 31 + byName['k' .. people[i].rank]) % 65521 end
  for i = 1, SIZE // 10 do
    insert(list, 1, remove(list, (i * 37) % #list + 1))
  end
  for pass = 1, 20 do
    for i = 2, SIZE do list[i] = (list[i] + list[i - 1]) & 0xfffff end
  end
  -- The order of pairs is not fixed, a sum of all is.
  local whole = 0
  for _, value in pairs(byName) do whole = whole + value end
  return (sum + whole + list[SIZE] + #concat(list, ',', 1, 20)) % 65521
end

function run(n)
  local sum = 0
  for i = 1, n do sum = (sum * 31 + round(i)) % 65521 end
  return sum
end
