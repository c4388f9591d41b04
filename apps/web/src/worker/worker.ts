import './quiet-zod.ts'
import { findFunction } from './api.ts'
import { watchNetwork } from './network.ts'
import { serve } from './serve.ts'

serve(findFunction)
void watchNetwork()
