import { formatAddress } from '@smartshare/crypto'
import {
  changeable,
  currentTerm,
  getDelegate,
  getProposal,
  type ParameterChange,
  type Proposal,
  proposalCount,
  proposalState,
  rulesOf,
  storedRules,
} from '@smartshare/runtime'
import { z } from 'zod'
import type { NodeApi } from '../api.ts'
import { MAX_PAGE } from './limits.ts'
import { method, type RpcMethod } from './method.ts'
import * as shapes from './shapes.ts'

const changesShape = z.array(z.object({ name: z.string(), value: shapes.decimal })).max(changeable.length)

const proposalShape = z.object({
  proposal: z.int().describe('its number, from 1 on'),
  state: z.enum(['open', 'expired', 'scheduled', 'active', 'rejected']),
  version: z.int().describe('version of the protocol from the activation on'),
  changes: changesShape,
  activationTerm: z.int(),
  memo: z.string(),
  proposer: z.string().describe('name of the delegate'),
  approvals: z.array(z.string()).describe('names of the seated delegates that are for it'),
  rejections: z.array(z.string()).describe('and against it'),
})

function changesView(changes: readonly ParameterChange[]) {
  return changes.map(({ parameter, value }) => ({
    name: changeable.find(({ number }) => number === parameter)!.name as string,
    value: `${value}`,
  }))
}

type Reader = ReturnType<NodeApi['state']>['reader']

function view(node: NodeApi, reader: Reader, id: number, proposal: Proposal) {
  const { term, members } = currentTerm(reader)
  const { upgradeDelayTerms } = node.genesis.record.parameters
  const seated = new Set(members.map(({ address }) => formatAddress(address)))
  const nameOf = (address: Uint8Array) => getDelegate(reader, address)?.name ?? formatAddress(address)
  const names = (list: readonly Uint8Array[]) => list.filter((one) => seated.has(formatAddress(one))).map(nameOf)
  return {
    proposal: id,
    state: proposalState(proposal, term, upgradeDelayTerms),
    version: proposal.version,
    changes: changesView(proposal.changes),
    activationTerm: proposal.activationTerm,
    memo: proposal.memo,
    proposer: nameOf(proposal.proposer),
    approvals: names(proposal.approvals),
    rejections: names(proposal.rejections),
  }
}

const rules = method({
  name: 'governance_rules',
  summary: 'What is in force: version, parameters that a vote may change, and what is decided',
  params: {},
  result: z.object({
    height: shapes.height,
    term: z.int(),
    version: z.int(),
    delayTerms: z.int().describe('whole terms between a decision and its activation, at least'),
    parameters: z.array(
      z.object({ name: z.string(), value: shapes.decimal, least: shapes.decimal, most: shapes.decimal }),
    ),
    next: z.object({ proposal: z.int(), term: z.int(), version: z.int() }).nullable(),
  }),
  handle(node) {
    const { reader, height } = node.state()
    const { term } = currentTerm(reader)
    const genesis = node.genesis.record.parameters
    const { version, parameters } = rulesOf(reader, term, genesis)
    const { next } = storedRules(reader)
    return {
      height,
      term,
      version,
      delayTerms: genesis.upgradeDelayTerms,
      parameters: changeable.map(({ name, least, most }) => ({
        name,
        value: `${parameters[name]}`,
        least: `${least}`,
        most: `${most}`,
      })),
      next:
        next === null || next.term <= term
          ? null
          : { proposal: next.proposal, term: next.term, version: next.rules.version },
    }
  },
})

const list = method({
  name: 'governance_list',
  summary: 'Proposals, the latest first',
  params: { skip: z.int().min(0).default(0), limit: shapes.limit },
  result: z.object({ height: shapes.height, proposals: z.array(proposalShape).max(MAX_PAGE) }),
  weight: 20,
  handle(node, { skip, limit }) {
    const { reader, height } = node.state()
    const first = proposalCount(reader) - skip
    const ids = Array.from({ length: Math.max(0, Math.min(limit, first)) }, (_, i) => first - i)
    return { height, proposals: ids.map((id) => view(node, reader, id, getProposal(reader, id))) }
  },
})

const get = method({
  name: 'governance_get',
  summary: 'One proposal; GOVERNANCE_UNKNOWN if there is none of that number',
  params: { proposal: z.int().min(1) },
  result: proposalShape,
  weight: 2,
  handle(node, { proposal }) {
    const { reader } = node.state()
    return view(node, reader, proposal, getProposal(reader, proposal))
  },
})

export const governanceMethods: readonly RpcMethod[] = [rules, list, get]
