import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-web/wasm';
import { afterEach, expect, test } from 'vitest';
import { ProtocolError } from '../core/errors.ts';
import type { Epoch, PeerId, RequestId } from '../core/ids.ts';
import { systemClock } from '../core/mesh/clock.ts';
import { Mesh } from '../core/mesh/mesh.ts';
import { EXAMPLES } from '../core/protocol/control-examples.ts';
import { encodeActivation } from '../core/protocol/frame.ts';
import { RESULT_STAGE } from '../core/protocol/frame.types.ts';
import type { ControlMessage } from '../core/protocol/messages.ts';
import { below, damagedBytes, damagedJson, pick, randomBytes, seeded } from '../core/protocol/mutations.ts';
import type { OpenModel } from '../core/runtime/leader.ts';
import { asFloat32, fromFloat32, type Tensor } from '../core/tensor/tensor.ts';
import { LAPTOP, modelOf, type Page, PHONE, RoomUnderTest, running, until } from './room-under-test.ts';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'fatal';

const file = new Uint8Array(readFileSync(new URL('../public/models/digits.onnx', import.meta.url)));
const image = (seed: number): Tensor =>
  fromFloat32(
    [1, 1, 28, 28],
    Float32Array.from({ length: 784 }, (_, i) => ((i * 31 + seed * 97) % 256) / 255),
  );
const model: OpenModel = { ...(await modelOf('Digits', file)), sample: () => [image(0)] };

let room: RoomUnderTest;
const eves: Mesh[] = [];
afterEach(() => {
  for (const eve of eves.splice(0)) eve.close('the test ended');
  room.close();
});

/** Two pages at work. */
async function atWork(): Promise<readonly [Page, Page]> {
  room = new RoomUnderTest(ort);
  const pages = [room.join(LAPTOP), room.join(PHONE)] as const;
  await pages[0].leader?.open(model);
  for (const page of pages) await running(page, 2);
  return pages;
}

/** Somebody who has the room's secret, and a mesh to speak through, but no page. */
async function intrude(peer: PeerId): Promise<Mesh> {
  const eve = new Mesh({
    me: peer,
    rendezvous: room.rendezvous.join(peer),
    dial: room.dialler.dial,
    clock: systemClock,
    random32: () => Math.floor(Math.random() * 2 ** 32),
    report: () => undefined,
  });
  eves.push(eve);
  const nothing = (): void => undefined;
  eve.listen({ peerUp: nothing, peerDown: nothing, linkChanged: nothing, control: nothing, binary: nothing });
  await until('links to both', () => eve.peers().length === 2);
  return eve;
}

/** Layers may move meanwhile, as they do in any room, and fused steps round otherwise. */
const TOLERANCE = 1e-3;

/** The same answer as ever, at both pages. */
async function answersAsBefore(pages: readonly Page[], before: readonly number[]): Promise<void> {
  for (const { member } of pages) {
    const [out] = (await member.asker.ask([image(5)])).tensors;
    const values = [...(out ? asFloat32(out) : [])];
    expect(values.length).toBe(before.length);
    for (const [at, value] of values.entries()) {
      expect(Math.abs(value - (before[at] ?? Number.NaN))).toBeLessThan(TOLERANCE);
    }
  }
}

async function answer({ member }: Page): Promise<readonly number[]> {
  const [out] = (await member.asker.ask([image(5)])).tensors;
  return [...(out ? asFloat32(out) : [])];
}

test('a member that says what it may not say changes nothing, and is not shown out for being late', async () => {
  const pages = await atWork();
  const [laptop, phone] = pages;
  const right = await answer(laptop);
  const plan = laptop.state().plan;
  const epoch = plan?.epoch ?? (0 as Epoch);
  const eve = await intrude('e'.repeat(16) as PeerId);
  // A card makes it a device of the room, with which the leader may well make other plans.
  const said = Object.values(EXAMPLES).filter(({ type }) => type !== 'card');
  for (let turn = 0; turn < 20; turn++) {
    for (const to of [LAPTOP, PHONE]) {
      for (const message of said) {
        eve.sendControl(to, message);
        // The same of the present epoch, of one before and of one to come.
        for (const off of [-1, 0, 1, 1e6])
          if ('epoch' in message)
            eve.sendControl(to, { ...message, epoch: (epoch + off) as Epoch } as ControlMessage);
      }
      for (let n = 0; n < 50; n++) {
        eve.sendControl(to, { type: 'end-sequence', sequence: n });
        eve.sendControl(to, { type: 'want-turn', ticket: turn * 50 + n, held: n % 2 === 0 });
        eve.sendControl(to, {
          type: 'request-failed',
          epoch,
          request: n as RequestId,
          step: 'run',
          message: 'no',
        });
      }
      for (const origin of [LAPTOP, PHONE, eve.me]) {
        for (const stage of [0, 1, 2, RESULT_STAGE]) {
          for (const of of [epoch - 1, epoch, epoch + 1]) {
            const frame = {
              epoch: of as Epoch,
              origin,
              request: (turn + 1) as RequestId,
              sequence: 0,
              step: 0,
            };
            const rest = { microBatch: 0, microBatches: 1, stage, trail: [], tensors: [image(9)] };
            await eve.send(to, 'activation', encodeActivation({ ...frame, ...rest }));
          }
        }
      }
    }
    await answersAsBefore(pages, right);
  }
  expect(laptop.state().plan?.epoch).toBe(epoch);
  expect(phone.state().plan?.stages).toEqual(plan?.stages);
  expect(laptop.mesh.peers()).toContain(eve.me);
}, 60_000);

test('2,000 damaged messages, frames and packets: each offender is shown out, and every answer stays right', async () => {
  const pages = await atWork();
  const right = await answer(pages[0]);
  const out: string[] = [];
  room.report = (at, peer, error) => {
    expect(error).toBeInstanceOf(ProtocolError);
    out.push(`${peer} by ${at}`);
  };
  const random = seeded(11);
  const valid = Object.values(EXAMPLES).filter(({ type }) => type !== 'card');
  const frame = encodeActivation({
    ...{ epoch: 1 as Epoch, origin: LAPTOP, request: 1 as RequestId, sequence: 0, step: 0 },
    ...{ microBatch: 0, microBatches: 1, stage: 0, trail: [], tensors: [image(1)] },
  });
  const whole = new Uint8Array(await new Blob(frame).arrayBuffer());
  let sent = 0;
  for (let n = 0; sent < 2000; n++) {
    const eve = await intrude(`e${n.toString(16).padStart(15, '0')}` as PeerId);
    // The pairs of wires that this one's calls made; the others call, since their ids are smaller.
    const wires = room.dialler.pairs.slice(-2).map(({ right: end }) => end);
    for (const to of [LAPTOP, PHONE]) {
      for (let m = 0; m < 500 && eve.peers().includes(to); m++) {
        sent += 1;
        const way = below(random, 10);
        if (way < 6) {
          const text = damagedJson(random, pick(random, valid));
          try {
            eve.sendControl(to, JSON.parse(text) as ControlMessage);
          } catch {
            // No JSON at all cannot be sent this way; `core/protocol/hostile.test.ts` feeds it to the parser.
          }
        } else if (way < 9) {
          const bytes = damagedBytes(random, whole);
          await eve.send(to, way === 6 ? 'shard' : 'activation', [bytes]).catch(() => undefined);
        } else if (m > 20) {
          try {
            pick(random, wires).send(randomBytes(random, below(random, 200)));
          } catch {
            // Shown out already.
          }
        }
        if (m % 5 === 4) await new Promise((resolve) => setTimeout(resolve, 3));
      }
      await until('its disconnection', () => out.includes(`${eve.me} by ${to}`));
      expect(pages.find(({ peer }) => peer === to)?.mesh.peers()).not.toContain(eve.me);
    }
    eve.close('next');
    await answersAsBefore(pages, right);
  }
  // Each once by each page, and nobody else.
  expect(new Set(out).size).toBe(out.length);
  expect(out.filter((line) => !line.startsWith('e'))).toEqual([]);
}, 120_000);

test('a flood of control messages ends with its sender shown out', async () => {
  const pages = await atWork();
  const right = await answer(pages[0]);
  const out: string[] = [];
  room.report = (at, peer, error) => out.push(`${peer[0]} by ${at[0]}: ${error.message}`);
  const eve = await intrude('e'.repeat(16) as PeerId);
  for (let n = 0; n < 30_000; n++) eve.sendControl(LAPTOP, { type: 'want-turn', ticket: n, held: false });
  await until('its disconnection', () => out.length > 0);
  expect(out).toEqual([expect.stringMatching(/^e by a: A device floods this one/)]);
  await answersAsBefore(pages, right);
}, 60_000);
