import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-web/wasm';
import { seededRandom } from '../../core/graph/seeded-random.ts';
import type { OpenModel } from '../../core/runtime/open-model.ts';
import { NO_RULES } from '../../core/session/reduce.ts';
import { fromFloat32, type Tensor } from '../../core/tensor/tensor.ts';
import { ROOT } from '../../e2e/repository.ts';
import type { Lie } from '../../worker/lying-executor.ts';
import { LAPTOP, modelOf, PHONE, RoomUnderTest, running, TABLET } from '../../worker/room-under-test.ts';

/** How long a device that computes wrongly went unnoticed. */
export interface Delay {
  /** Runs of its stage until it was set aside. */
  readonly hops: number;
  readonly ms: number;
  readonly difference: number | null;
}

/** Runs after which it counts as not found. */
const MOST_HOPS = 3000;

/** One that each person draws otherwise. */
export function digit(seed: number): Tensor {
  const random = seededRandom(seed);
  return fromFloat32([1, 1, 28, 28], Float32Array.from({ length: 784 }, random));
}

/** A room of three in this process, on the real runtime, of which one lies: null where nobody noticed. */
export async function detectionDelay(lie: Lie, rate: number, seed: number): Promise<Delay | null> {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'fatal';
  const file = new Uint8Array(readFileSync(join(ROOT, 'public/models/digits.onnx')));
  const model: OpenModel = { ...(await modelOf('Digits', file)), sample: () => [digit(0)] };
  const room = new RoomUnderTest(ort);
  const random = seededRandom(seed);
  room.random32 = () => Math.floor(random() * 2 ** 32);
  const laptop = room.join(LAPTOP);
  const others = [room.join(PHONE, { lie }), room.join(TABLET)];
  try {
    laptop.leader?.setRules({ ...NO_RULES, auditRate: rate });
    await laptop.leader?.open(model);
    for (const page of [laptop, ...others]) await running(page, 3);
    // The code for audits comes with the first plan.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const begun = performance.now();
    for (let hops = 1; hops <= MOST_HOPS; hops++) {
      await laptop.member.asker.ask([digit(seed * MOST_HOPS + hops)]);
      const [found] = laptop.state().setAside;
      if (!found) continue;
      if (found.peer !== PHONE) throw new Error('An honest device was set aside.');
      return { hops, ms: performance.now() - begun, difference: found.evidence.difference };
    }
    return null;
  } finally {
    room.close();
  }
}
