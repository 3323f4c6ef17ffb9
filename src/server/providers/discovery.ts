/** Finds model servers on this machine, so that the operator can be told how to permit them. Finding one permits nothing. */
import { z } from 'zod'
import { readJson } from '#server/kernel/json.ts'
import { createEgress } from './egress.ts'

interface FoundServer {
  readonly product: string
  /** As it is written in SARDONYX_EGRESS_ALLOW. */
  readonly place: string
  readonly models: number
}

/** What listens there when it is installed as its makers say. */
const WELL_KNOWN: readonly { readonly product: string; readonly port: number }[] = [
  { product: 'Ollama', port: 11_434 },
  { product: 'LM Studio', port: 1_234 },
  { product: 'vLLM', port: 8_000 },
  { product: 'llama.cpp', port: 8_080 },
]

/** Tells the operator which model servers answer on this machine within a moment, and what permits them; silent where none does. */
export async function offerModelServers(say: (text: string) => void, ports = WELL_KNOWN): Promise<void> {
  const found = await findModelServers(ports)
  if (found.length === 0) return
  const lines = found.map(
    ({ product, place, models }) => `Found ${product} at http://${place}/v1 (${models} ${models === 1 ? 'model' : 'models'}).`,
  )
  const places = found.map(({ place }) => place).join(',')
  say(`${lines.join('\n')}\nTo let administrators offer ${found.length === 1 ? 'it' : 'them'}: npm start -- --egress-allow ${places}\n`)
}

const TIMEOUT_MS = 300

const ModelList = z.object({ data: z.array(z.object({ id: z.string() })) })

/** Never rejects: what does not answer like a model server is none. */
async function findModelServers(ports: typeof WELL_KNOWN): Promise<FoundServer[]> {
  const egress = createEgress({ allow: ports.map(({ port }) => placeOf(port)), forbid: [], maxBodyBytes: 1_000_000 })
  const probe = async ({ product, port }: (typeof ports)[number]): Promise<FoundServer[]> => {
    const response = await egress.fetch(`http://${placeOf(port)}/v1/models`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    const list = ModelList.safeParse(readJson(await response.text()))
    return response.ok && list.success ? [{ product, place: placeOf(port), models: list.data.data.length }] : []
  }
  const probed = await Promise.allSettled(ports.map(probe))
  await egress.close()
  return probed.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []))
}

const placeOf = (port: number) => `127.0.0.1:${port}`
