import { ADDRESS_BYTES, BLS_KEY_BYTES, MAX_SEATS } from '@smartshare/chain'
import { array, fixedBytes, record } from '@smartshare/codec'

/** The delegates of a term in the order of their seats. */
export const membersSchema = array(
  record({ address: fixedBytes(ADDRESS_BYTES), key: fixedBytes(BLS_KEY_BYTES) }),
  MAX_SEATS,
  1,
)
