// Ways of counting votes beside each other, for reports and benches: what the chain itself runs is elsewhere.
export { type Strategy, seatsWon, strategies } from './attack.ts'
export { backingsByCounting, backingsByElimination, backingsByPhragmen } from './counts.ts'
export { type HonestModel, honestAt, honestModels } from './models.ts'
export { simulatedPopulation } from './population.ts'
