/** Plain counters of one protocol; they only grow, but for `streams`, which is a level. */
export interface ProtocolMetrics {
  /** Streams open now. */
  streams: number
  framesIn: number
  framesOut: number
  /** Bytes of frames with their headers. */
  bytesIn: number
  bytesOut: number
  requestsIn: number
  requestsOut: number
  /** Requests that ended with an error, on either side. */
  failed: number
  /** Refused because a quota or queue was full. */
  refused: number
}

export interface LinkMetrics {
  peers: number
  connections: number
  /** Bytes of all connections inside the encryption. */
  bytesIn: number
  bytesOut: number
  framesIn: number
  framesOut: number
  refused: number
  /** Faults of peers: junk, oversize, stalls. */
  faults: number
  bans: number
  /** Peers that are banned now. */
  banned: number
  /** The lowest score of a connected peer. */
  lowestScore: number
  /** Connections of others that were refused because there was no room for their network, or cut to make room. */
  crowdedOut: number
  gossipIn: number
  gossipOut: number
  gossipRejected: number
  gossipIgnored: number
  protocols: Readonly<Record<string, Readonly<ProtocolMetrics>>>
}

export function newProtocolMetrics(): ProtocolMetrics {
  return {
    streams: 0,
    framesIn: 0,
    framesOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    requestsIn: 0,
    requestsOut: 0,
    failed: 0,
    refused: 0,
  }
}

/** What is counted outside the protocols. */
export interface HostCounters {
  bytesIn: number
  bytesOut: number
  faults: number
  bans: number
  crowdedOut: number
  gossipIn: number
  gossipOut: number
  gossipRejected: number
  gossipIgnored: number
}

export function newHostCounters(): HostCounters {
  return {
    bytesIn: 0,
    bytesOut: 0,
    faults: 0,
    bans: 0,
    crowdedOut: 0,
    gossipIn: 0,
    gossipOut: 0,
    gossipRejected: 0,
    gossipIgnored: 0,
  }
}
