/** What tests of contracts find (sdk/contract-kit), for the Lua language server. */
export const TEST_DEFINITIONS = `---@meta
-- What tests of contracts can reach, beside crypto, address, json, cbor and decimal. Made by \`smartshare contract new\`.

---@class PublishOptions
---@field args? any[] of the constructor; by table.pack where the last ones are nil
---@field from? string name of the account; alice if none is named
---@field value? amount
---@field name? string
---@field upgrade? { by: address, delayMs: integer }
---@field pauser? address

---A published contract: its methods by their names. It may stand wherever an address is expected.
---@class PublishedContract
---@field address address
---@field [string] fun(...: any): any sends a transaction, or asks a view
local PublishedContract = {}

---The same contract for another sender, or with money: c:with { from = 'bob', value = 5 }.pay()
---@param options { from?: string, value?: amount }
---@return PublishedContract
function PublishedContract:with(options) end

---@param name string a sentence about what the contract does
---@param f function runs on a fresh chain
function test(name, f) end

---@param source string a file of this folder whose name ends in .lua, or a source
---@param options? PublishOptions
---@return PublishedContract
function publish(source, options) end

---@param address address
---@return PublishedContract
function contractAt(address) end

---@param name string
---@return address address of the account of this name; it begins with 1,000,000 SSP
function account(name) end

---@param who address|PublishedContract
---@return amount grains, as if fees and deposits had not been taken
function balance(who) end

---@param from string
---@param to address|PublishedContract
---@param grains amount
function pay(from, to, grains) end

---Lets time or blocks pass.
---@param step { ms?: integer, seconds?: integer, minutes?: integer, hours?: integer, days?: integer, blocks?: integer }
function advance(step) end

---@return integer ms, of the last block
function time() end
---@return integer
function height() end

---@param name? string
---@return { name: string, from: address, data: table }[] of the last transaction
function events(name) end
---@param name string
---@return table? data of the last event of this name
function event(name) end

---Compares deeply; integers and floats differ.
---@param actual any
---@param expected any
---@param note? string
function equal(actual, expected, note) end

---@param f function must fail
---@param part? string of the message, or the code
---@return string message
function expectError(f, part) end

---@param c PublishedContract
---@param source string
---@param options? { from?: string }
function upgrade(c, source, options) end
---@param c PublishedContract
---@param source string
---@param options? { from?: string }
function announceUpgrade(c, source, options) end
---@param c PublishedContract
---@param paused boolean
---@param options? { from?: string }
function pause(c, paused, options) end

---@param text string "1.5"
---@return amount grains
function ssp(text) end
`
