import { checkModel, missingForSpin, RULES_OFF } from './spin.ts'

// `npm run model:spin`: the model of consensus with all rules and without each, for every set of slots that the traitor leads.
const SLOTS = 3

const missing = missingForSpin()
if (missing !== undefined)
  throw new Error(`there is no ${missing}: install the Debian packages spin, gcc and libc6-dev`)
let wrong = 0
for (let traitor = 0; traitor < 1 << SLOTS; traitor++) {
  for (const off of [undefined, ...RULES_OFF]) {
    const { states, complete, violated } = checkModel({ slots: SLOTS, traitor, ...(off === undefined ? {} : { off }) })
    const leads = Array.from({ length: SLOTS }, (_, slot) => slot).filter((slot) => (traitor >> slot) & 1)
    const outcome = violated === undefined ? (complete ? 'agreement, every state seen' : 'not to the end') : 'conflict'
    console.log(`${(off ?? 'all rules').padEnd(18)} traitor leads [${leads}]: ${states} states, ${outcome}`)
    const isExpected = off === undefined ? violated === undefined && complete : violated !== undefined
    // Without a slot of its own the traitor proposes no second block, so that one Notar per slot cannot be missed.
    if (!isExpected && !(off === 'MANY_NOTARS' && traitor === 0)) wrong += 1
  }
}
if (wrong > 0) throw new Error(`${wrong} outcomes that should not be`)
