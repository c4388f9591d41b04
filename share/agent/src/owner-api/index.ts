export { type Pairing, pairingLink, readPairing } from './pairing.ts'
export { type ServedOwner, type ServeOwnerRequest, serveOwner } from './serve-owner.ts'
