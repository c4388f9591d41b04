import { config } from 'zod'

// Imported before any schema is made: compiled schemas would need a policy that allows code made from text.
config({ jitless: true })
