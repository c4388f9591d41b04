// Prints address.json, with other libraries than the package's own code: node:crypto and cborg.
import { bech32, bech32m } from '@scure/base'
import { encode } from 'cborg'
import { compareBytes, KeyPair, toHex } from '../src/index.ts'
import { changed, joined, printVectors, seedOf, tagged } from './print.mjs'

const utf8 = (text) => new TextEncoder().encode(text)
const formatAddress = (address) => bech32m.encode('ssp', bech32m.toWords(address))
const addressOfKey = (key) => tagged('address/key', key)
const addressOfPolicy = ({ threshold, keys }) => tagged('address/policy', encode([threshold, keys]))
const addressOfModule = (name) => tagged('address/module', utf8(name))
const addressOfContract = (creator, counter) => tagged('address/contract', creator, encode(counter))
const addressOfToken = (issuer, counter) => tagged('address/token', issuer, encode(counter))
const cases = []
const keys = Array.from({ length: 17 }, (_, i) => KeyPair.fromSeed(i % 2 ? 'p256' : 'ed25519', seedOf(i)).publicKey)
const sorted = (count) => keys.slice(0, count).sort(compareBytes)
const withAddress = (address) => ({ address: toHex(address), text: formatAddress(address), valid: true })

for (const key of keys.slice(0, 2)) cases.push({ kind: 'key', key: toHex(key), ...withAddress(addressOfKey(key)) })
const notKey = (name, key) => cases.push({ kind: 'key', name, key: toHex(key), valid: false })
notKey('empty', new Uint8Array(0))
notKey('without algorithm', keys[0].subarray(1))
notKey('unknown algorithm', joined(Uint8Array.of(3), keys[0].subarray(1)))
notKey('uncompressed', joined(Uint8Array.of(2, 4), keys[1].subarray(2)))

const policy = (threshold, list) => ({ kind: 'policy', threshold, keys: list.map(toHex) })
for (const [threshold, count] of [
  [1, 1],
  [1, 2],
  [2, 2],
  [2, 3],
  [16, 16],
]) {
  const list = sorted(count)
  cases.push({ ...policy(threshold, list), ...withAddress(addressOfPolicy({ threshold, keys: list })) })
}
const notPolicy = (name, threshold, list) => cases.push({ name, ...policy(threshold, list), valid: false })
notPolicy('threshold 0', 0, sorted(2))
notPolicy('threshold above the number of keys', 3, sorted(2))
notPolicy('no keys', 0, [])
notPolicy('one of no keys', 1, [])
notPolicy('17 keys', 1, sorted(17))
notPolicy('not sorted', 1, sorted(3).reverse())
notPolicy('a key twice', 2, [sorted(1)[0], sorted(1)[0]])
notPolicy('a key of a wrong form', 1, [new Uint8Array(33)])

for (const module of ['mining', 'sharing', 'foundation/earmarked', '']) {
  cases.push({ kind: 'module', module, ...withAddress(addressOfModule(module)) })
}
const creator = addressOfKey(keys[0])
for (const counter of [0, 23, 24, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
  cases.push({
    kind: 'contract',
    creator: toHex(creator),
    counter,
    ...withAddress(addressOfContract(creator, counter)),
  })
}
for (const counter of [0, 23, 24]) {
  cases.push({ kind: 'token', creator: toHex(creator), counter, ...withAddress(addressOfToken(creator, counter)) })
}

const text = formatAddress(creator)
const words = bech32m.toWords(creator)
const notText = (name, wrong) => cases.push({ kind: 'text', name, text: wrong, valid: false })
cases.push({ kind: 'text', name: 'all zero', ...withAddress(new Uint8Array(32)) })
cases.push({ kind: 'text', name: 'all ff', ...withAddress(new Uint8Array(32).fill(255)) })
notText('empty', '')
notText('upper case', text.toUpperCase())
notText('mixed case', text.slice(0, -1) + text.slice(-1).toUpperCase() + (/[0-9]$/.test(text) ? ' ' : ''))
notText(
  'a wrong character',
  text.replace(/.$/, (last) => (last === 'q' ? 'p' : 'q')),
)
notText('two characters exchanged', text.replace(/^(.{10})(.)(.*?)((?!\2).)/, '$1$4$3$2'))
notText('a character missing', text.slice(0, -1))
notText('a character more', `${text}q`)
notText('a character that bech32 has not', `${text.slice(0, -1)}b`)
notText('white space around', ` ${text}`)
notText('bech32, not bech32m', bech32.encode('ssp', words))
notText('other prefix', bech32m.encode('ssq', words))
notText('prefix with a one in it', bech32m.encode('ssp1', words.slice(0, 51), false))
notText('padding that is not zero', bech32m.encode('ssp', changed(words, 51)))
notText('31 bytes', bech32m.encode('ssp', bech32m.toWords(creator.subarray(1))))
notText('33 bytes', bech32m.encode('ssp', bech32m.toWords(joined(creator, Uint8Array.of(0)))))
printVectors(cases)
