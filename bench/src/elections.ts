import { writeFileSync } from 'node:fs'
import { TOTAL_SUPPLY_GRAINS } from '@smartshare/crypto'
import { presets, seatsFor } from '@smartshare/runtime'
import {
  backingsByCounting,
  backingsByElimination,
  backingsByPhragmen,
  type HonestModel,
  honestAt,
  honestModels,
  seatsWon,
  strategies,
} from '@smartshare/runtime/comparison'

// `npm run elections`: writes docs/elections.md and docs/pictures/elections.svg. Everything in them is computed from
// seeds by whole numbers, so every machine writes the same.

const SEATS = 99
const STAKES = [10, 15, 20, 25, 30, 35, 40]
const TURNOUTS = [40, 60, 80, 95]
const GATE = { stake: 30, turnout: 95, seats: 33 }
const COUNTS = [31, 32, 33, 34, 36, 40]
const ways = [
  { name: 'elimination', of: backingsByElimination, color: '#1a7f5a' },
  { name: 'Phragmén', of: backingsByPhragmen, color: '#c98a1b' },
  { name: 'plain', of: backingsByCounting, color: '#b3382c' },
] as const

const ofSupply = (percent: number): bigint => (TOTAL_SUPPLY_GRAINS * BigInt(percent)) / 100n
const othersAt = (model: HonestModel, turnout: number, stake: number) => honestAt(model, BigInt(turnout - stake) * 10n)
const first = honestModels[0]!

interface Curve {
  readonly name: string
  readonly color: string
  readonly turnout: number
  /** Seats by stake; all where the attacker is all who vote. */
  readonly seats: readonly number[]
}

function curvesOf(model: HonestModel): Curve[] {
  return TURNOUTS.flatMap((turnout) =>
    ways.map(({ name, of, color }) => ({
      name,
      color,
      turnout,
      seats: STAKES.map((stake) => {
        if (stake >= turnout) return SEATS
        return seatsFor(
          of(othersAt(model, turnout, stake), SEATS),
          SEATS,
          ofSupply(stake),
          presets.main.leastBondGrains,
        )
      }),
    })),
  )
}

/** Seats of the gate's attacker on one model: by every way of counting, and the most that it wins by playing. */
function gateRow(model: HonestModel): string {
  const others = othersAt(model, GATE.turnout, GATE.stake)
  const grains = ofSupply(GATE.stake)
  const priced = ways.map(({ of }) => seatsFor(of(others, SEATS), SEATS, grains, presets.main.leastBondGrains))
  const won = strategies.map((strategy) =>
    Math.max(...COUNTS.map((count) => seatsWon(others, strategy, { grains, count, seats: SEATS }))),
  )
  const best = Math.max(...won)
  const verdict = Math.max(best, priced[0]!) < GATE.seats ? 'met' : 'missed'
  return `| ${[model.name, shapeText(model), ...priced, ...won, verdict].join(' | ')} |`
}

function shapeText({ shape }: HonestModel): string {
  const { candidates, names, halves, single = 0, short = 0, communities = 0, slates = false, silent = 0 } = shape
  const parts = [
    `${candidates} candidates`,
    slates ? `lists of ${names}` : `rank^-${halves / 2}`,
    ...(communities > 0 ? [`${communities} communities`] : []),
    ...(single + short > 0 ? [`${single} % one name, ${short} % two to five`] : []),
    ...(silent > 0 ? [`${silent} % of delegates name nobody`] : []),
  ]
  return parts.join(', ')
}

function tableOf(curves: readonly Curve[]): string {
  const head = `| turnout | count | ${STAKES.map((stake) => `${stake} %`).join(' | ')} |`
  const line = `| --- | --- |${STAKES.map(() => ' ---: |').join('')}`
  const rows = curves.map(({ turnout, name, seats }) => `| ${turnout} % | ${name} | ${seats.join(' | ')} |`)
  return [head, line, ...rows].join('\n')
}

/** Four small pictures side by side, one for each turnout: seats over stake, with the line of 33 seats. */
function pictureOf(curves: readonly Curve[]): string {
  const [wide, high, gap] = [200, 160, 44]
  const x = (panel: number, stake: number) => gap + panel * (wide + gap) + ((stake - 10) / 30) * wide
  const y = (seats: number) => 40 + high - (seats / SEATS) * high
  const panels = TURNOUTS.map((turnout, panel) => {
    const left = x(panel, 10)
    const lines = curves
      .filter((curve) => curve.turnout === turnout)
      .map(({ color, seats }) => {
        const points = seats.map((count, i) => `${x(panel, STAKES[i]!).toFixed(1)},${y(count).toFixed(1)}`).join(' ')
        return `<polyline points="${points}" fill="none" stroke="${color}" stroke-width="2"/>`
      })
    const ticks = STAKES.filter((stake) => stake % 10 === 0).map(
      (stake) => `<text x="${x(panel, stake)}" y="${y(0) + 14}" text-anchor="middle">${stake}</text>`,
    )
    return [
      `<text x="${left}" y="30" font-weight="bold">${turnout} % vote</text>`,
      `<rect x="${left}" y="${y(SEATS)}" width="${wide}" height="${high}" fill="none" stroke="#999"/>`,
      `<line x1="${left}" x2="${left + wide}" y1="${y(GATE.seats)}" y2="${y(GATE.seats)}" stroke="#999" stroke-dasharray="4 3"/>`,
      `<text x="${left - 4}" y="${y(GATE.seats) + 4}" text-anchor="end">${GATE.seats}</text>`,
      `<text x="${left - 4}" y="${y(SEATS) + 8}" text-anchor="end">${SEATS}</text>`,
      ...ticks,
      ...lines,
    ].join('\n')
  })
  const width = gap + TURNOUTS.length * (wide + gap)
  const legend = ways.map(
    ({ name, color }, i) => `<text x="${gap + i * 120}" y="${y(0) + 36}" fill="${color}">■ ${name}</text>`,
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y(0) + 48}" font-family="sans-serif" font-size="11" fill="#333">`,
    `<title>Seats of ${SEATS} that an outsider takes, by its part of all SSP and by turnout</title>`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="${gap}" y="14">Seats of ${SEATS} that an outsider takes, by its part of all SSP in %</text>`,
    ...panels,
    ...legend,
    '</svg>',
    '',
  ].join('\n')
}

const curves = curvesOf(first)
const shorts = honestModels.find(({ name }) => name === 'short and silent')!
writeFileSync('docs/pictures/elections.svg', pictureOf(curves))
writeFileSync(
  'docs/elections.md',
  `# What attackers get

Made by \`npm run elections\` from seeds; the rules are in [chain.md](spec/chain.md#elections), the reasons in
[decision 010](decisions/010-elimination-with-balanced-support.md). Simulated holders of equal stake vote for those they know and nobody knows of the attack; each candidate's bond is a 660th of what the honest
hold, just enough for the cap of ten bonds not to bind. An outsider then adds its stake, which it places as well as is known. In exact proportion it has its part of what votes: 30 of 95 % is 31 of ${SEATS} seats.
With ${GATE.seats} it can stop final blocks.

![Seats by stake at four turnouts](pictures/elections.svg)

## The gate: ${GATE.stake} % of all stake where ${GATE.turnout} % votes get fewer than ${GATE.seats} seats

The first three columns are computed from what backs the others' seats; the six after them are the most seats won in real counts with ${COUNTS.join(', ')} candidates of the attacker's own:
all in *bonds*; ballots of ten *neighbours*; ballots of *single* names; ballots that *mimic* the most popular others; *decoys* that lift the weakest others; all on one that passes it on (*chain*).

| others | shape | ${ways.map(({ name }) => name).join(' | ')} | ${strategies.join(' | ')} | gate |
| --- | --- |${[...ways, ...strategies].map(() => ' ---: |').join('')} --- |
${honestModels.map(gateRow).join('\n')}

The gate is missed where delegates name no alternates: the bonds of those who are not elected, and votes for them alone, then serve nobody.

## Seats by stake and turnout

The others: ${shapeText(first)}, ten names each.

${tableOf(curves)}

The others: ${shapeText(shorts)}.

${tableOf(curvesOf(shorts))}
`,
)
