import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-web/wasm';
import { afterEach, describe, expect, it } from 'vitest';
import { piecesOf } from '../core/graph/pieces.ts';
import type { OpenModel } from '../core/runtime/open-model.ts';
import { asFloat32, fromFloat32, type Tensor } from '../core/tensor/tensor.ts';
import { subtleDigest } from '../core/weights/digest.ts';
import {
  LAPTOP,
  modelOf,
  type Page,
  PHONE,
  RoomUnderTest,
  running,
  TABLET,
  until,
} from './room-under-test.ts';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'fatal';

const file = new Uint8Array(readFileSync(new URL('../public/models/digits.onnx', import.meta.url)));
const opened = await modelOf('Digits', file);

function image(seed: number): Tensor {
  const values = Float32Array.from({ length: 784 }, (_, i) => ((i * 31 + seed * 97) % 256) / 255);
  return fromFloat32([1, 1, 28, 28], values);
}

const model: OpenModel = { ...opened, sample: () => [image(0)] };

let room: RoomUnderTest;
afterEach(() => room.close());

/** Everybody has what the leader leaves, and the weights that only it had. */
async function prepared(pages: readonly Page[]): Promise<void> {
  await until('heirs', () => pages.every((page) => page.member.card.heir !== undefined));
  const [heir] = pages[0]?.member.inOrder(pages.map(({ peer }) => peer)) ?? [];
  const digest = subtleDigest(crypto.subtle);
  for (const { offset, length } of piecesOf(opened.graph, opened.blocks).all) {
    const hash = await digest(file.slice(offset, offset + length));
    await until('a second copy', async () =>
      (await Promise.all(pages.map(({ peer }) => room.storeOf(peer).get(hash)))).some(Boolean),
    );
  }
  expect(heir).toBeDefined();
}

async function answer(page: Page, seed: number): Promise<number[]> {
  const { tensors } = await page.member.asker.ask([image(seed)]);
  return tensors[0] ? [...asFloat32(tensors[0])] : [];
}

describe('when the leader goes', () => {
  it('another device takes its place: the same room, model and seats, and what was asked is answered', async () => {
    room = new RoomUnderTest(ort);
    const laptop = room.join(LAPTOP);
    const phone = room.join(PHONE);
    const tablet = room.join(TABLET);
    await laptop.leader?.open(model);
    await running(tablet, 3);
    const before = await answer(phone, 7);
    await prepared([phone, tablet]);
    const seats = tablet.state().devices.map(({ card, colour }) => [card.peer, colour]);
    const asked = Array.from({ length: 12 }, (_, seed) => answer(phone, seed));
    laptop.member.close('closed the page');
    const answers = await Promise.all(asked);
    expect(answers).toHaveLength(12);
    for (const [at, value] of (answers[7] ?? []).entries())
      expect(value).toBeCloseTo(before[at] ?? Number.NaN, 3);
    const leaders = [phone, tablet].filter((page) => page.leader);
    expect(leaders).toHaveLength(1);
    for (const page of [phone, tablet]) {
      expect(page.state().leader).toBe(leaders[0]?.peer);
      expect(page.state().phase.kind).toBe('open');
      await running(page, 2);
      expect(page.state().devices.map(({ card, colour }) => [card.peer, colour])).toEqual(
        seats.filter(([peer]) => peer !== LAPTOP),
      );
    }
    expect(phone.state().model).toEqual(tablet.state().model);
  });

  it('the last one left goes on alone, with a model that was only a file of the leader', async () => {
    room = new RoomUnderTest(ort);
    const laptop = room.join(LAPTOP);
    const phone = room.join(PHONE);
    await laptop.leader?.open(model);
    await running(phone, 2);
    await prepared([phone]);
    laptop.member.close('closed the page');
    await running(phone, 1);
    expect(await answer(phone, 3)).toHaveLength(10);
    expect(phone.leader).toBeDefined();
  });

  it('comes back as a follower', async () => {
    room = new RoomUnderTest(ort);
    const laptop = room.join(LAPTOP);
    const phone = room.join(PHONE);
    const tablet = room.join(TABLET);
    await laptop.leader?.open(model);
    await running(tablet, 3);
    await prepared([phone, tablet]);
    laptop.member.close('closed the page');
    await running(phone, 2);
    const again = room.join(LAPTOP);
    await running(again, 3);
    expect(again.leader).toBeUndefined();
    expect([phone, tablet].filter((page) => page.leader)).toHaveLength(1);
    expect(await answer(again, 1)).toHaveLength(10);
  });

  it('before anybody has what it leaves: open questions end with the reason, and another model can be opened', async () => {
    room = new RoomUnderTest(ort);
    room.join(LAPTOP);
    const phone = room.join(PHONE);
    await until('the leader', () => phone.state().leader === LAPTOP && phone.member.cards.has(LAPTOP));
    const asked = answer(phone, 1);
    room.pages[0]?.member.close('closed the page');
    await expect(asked).rejects.toThrow('The model was changed');
    await phone.leader?.open(model);
    await running(phone, 1);
    expect(await answer(phone, 1)).toHaveLength(10);
  });

  it('gives its office away: the other leads, the plan goes on, and nothing asked is lost', async () => {
    room = new RoomUnderTest(ort);
    const laptop = room.join(LAPTOP);
    const phone = room.join(PHONE);
    await laptop.leader?.open(model);
    const { epoch } = await running(phone, 2);
    await prepared([phone]);
    const asked = Array.from({ length: 8 }, (_, seed) => answer(laptop, seed));
    laptop.member.handOver(PHONE);
    await until('the phone leads', () => phone.leader && laptop.state().leader === PHONE);
    expect(await Promise.all(asked)).toHaveLength(8);
    expect(laptop.leader).toBeUndefined();
    expect((await running(laptop, 2)).epoch).toBe(epoch);
    phone.leader?.setMode('fastest');
    expect((await running(laptop, 1)).epoch).toBeGreaterThan(epoch);
    expect(await answer(laptop, 2)).toHaveLength(10);
  });
});
