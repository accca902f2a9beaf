import { GRAPH, MODEL } from '../../../core/graph/onnx-model.ts';
import { fieldsOf } from '../../../core/graph/protobuf.ts';
import { seededRandom } from '../../../core/graph/seeded-random.ts';
import { systemClock } from '../../../core/mesh/clock.ts';
import type { Dial } from '../../../core/mesh/dial.ts';
import type { ExecutorFactory } from '../../../core/runtime/stage-executor.ts';
import { cutSockets } from './cut-socket.ts';
import { cutDial } from './cut-wire.ts';
import { emulatedExecutors } from './emulated-executor.ts';
import { Partition } from './partition.ts';
import { LAB_QUERY, type PotluckLab } from './potluck-lab.ts';
import { shapedDial } from './shaped-wire.ts';

const query = new URLSearchParams(location.search);
const read = (name: keyof typeof LAB_QUERY, otherwise: number): number =>
  Number(query.get(LAB_QUERY[name]) ?? otherwise);

const lab: PotluckLab = {
  shape: { delayMs: read('delayMs', 0), mbitPerSec: read('mbitPerSec', Number.POSITIVE_INFINITY) },
  emulation: {
    nodeMs: read('nodeMs', 0),
    factor: read('factor', 1),
    jitter: read('jitter', 0),
    corrupt: read('corrupt', 0),
  },
  partition: new Partition(),
};
const { shape, emulation, partition } = lab;
const reach = globalThis.fetch;
Object.assign(globalThis, {
  potluckLab: lab,
  WebSocket: cutSockets(WebSocket, partition),
  fetch: async (...given: Parameters<typeof fetch>) => {
    await new Promise<void>((resolve) => partition.pass(resolve));
    return reach(...given);
  },
});

const random = seededRandom(read('seed', 0));

/** In place of app/session/surroundings.ts: links as the address asks for them. */
export function surroundDial(dial: Dial): Dial {
  return shapedDial(cutDial(dial, partition), shape, systemClock);
}

/** Computing that takes as long as the address asks for. */
export function surroundExecutors(inner: ExecutorFactory): ExecutorFactory {
  return emulatedExecutors({ inner, emulation, random, nodesOf });
}

function nodesOf(model: Uint8Array<ArrayBuffer>): number {
  const graph = [...fieldsOf(model)].find(({ number }) => number === MODEL.graph);
  return graph ? [...fieldsOf(graph.body)].filter(({ number }) => number === GRAPH.node).length : 0;
}
