import { beforeEach, describe, expect, it } from 'vitest';
import type { BoundaryTensor } from '../../graph/shard.types.ts';
import type { Epoch, PeerId, RequestId, Sha256 } from '../../ids.ts';
import type { Activation } from '../../protocol/frame.types.ts';
import type { LoadStage } from '../../protocol/messages.ts';
import { asFloat32, fromFloat32, type Tensor } from '../../tensor/tensor.ts';
import { VirtualClock } from '../../weights/virtual-clock.ts';
import { FakeExecutor } from '../fake-executor.ts';
import { fakeStage } from '../fake-stage.ts';
import { termsAlone } from '../terms.ts';
import { Recomputer } from './recomputer.ts';

const x: BoundaryTensor = { name: 'x', dtype: 'float32', dims: [2] };
const shard = { start: 0, end: 1, inputs: [x], outputs: [x], receives: [x], sends: [x] };
const termsOf = (letter: string): LoadStage => ({
  ...termsAlone(shard as unknown as Parameters<typeof termsAlone>[0]),
  shard: letter.repeat(64) as Sha256,
});
const input = (): Activation => ({
  epoch: 1 as Epoch,
  origin: 'a'.repeat(16) as PeerId,
  request: 1 as RequestId,
  sequence: 0,
  step: 0,
  microBatch: 0,
  microBatches: 1,
  stage: 0,
  trail: [],
  tensors: [fromFloat32([2], Float32Array.of(1, 2))],
});
const valuesOf = ([first]: readonly Tensor[]): number[] => (first ? [...asFloat32(first)] : []);

class Counted extends FakeExecutor {
  closed = false;
  override close(): void {
    this.closed = true;
    super.close();
  }
}

let clock: VirtualClock;
let made: Counted[];
let gathered: number;
let fails: boolean;
let recomputer: Recomputer;
beforeEach(() => {
  clock = new VirtualClock(() => new Promise((resolve) => setImmediate(resolve)));
  made = [];
  gathered = 0;
  fails = false;
  recomputer = new Recomputer({
    clock,
    executors: () => {
      const executor = new Counted({
        clock,
        disturb: (step) => (fails && step === 'run' ? 'fail' : undefined),
      });
      made.push(executor);
      return executor;
    },
    runtime: () => ({ provider: 'wasm', threads: 1 }),
    gather: async () => {
      gathered++;
      return { model: fakeStage([{ mul: 3 }]), weights: null, inputs: [x], outputs: [x] };
    },
  });
});

describe('a stage that is run again', () => {
  it('is loaded once for several runs, and gives its memory back soon after the last', async () => {
    expect(valuesOf(await recomputer.run(termsOf('a'), null, input()))).toEqual([3, 6]);
    expect(valuesOf(await recomputer.run(termsOf('a'), null, input()))).toEqual([3, 6]);
    expect(gathered).toBe(1);
    await clock.pass(4000);
    expect(made.map(({ closed }) => closed)).toEqual([false]);
    await clock.pass(2000);
    expect(made.map(({ closed }) => closed)).toEqual([true]);
  });

  it('leaves nothing of the stage before, nor of the other way to hold weights', async () => {
    await recomputer.run(termsOf('a'), null, input());
    await recomputer.run(termsOf('b'), true, input());
    await recomputer.run(termsOf('b'), false, input());
    expect(made.map(({ closed }) => closed)).toEqual([true, true, false]);
  });

  it('that fails leaves nothing, and the next one begins anew', async () => {
    fails = true;
    await expect(recomputer.run(termsOf('a'), null, input())).rejects.toThrow(/run/);
    expect(made.map(({ closed }) => closed)).toEqual([true]);
    fails = false;
    expect(valuesOf(await recomputer.run(termsOf('a'), null, input()))).toEqual([3, 6]);
  });

  it('makes room for a stage of a plan at once', async () => {
    await recomputer.run(termsOf('a'), null, input());
    recomputer.makeRoom();
    expect(made.map(({ closed }) => closed)).toEqual([true]);
  });

  it('ends with the session', async () => {
    await recomputer.run(termsOf('a'), null, input());
    recomputer.close();
    expect(made.map(({ closed }) => closed)).toEqual([true]);
    await expect(recomputer.run(termsOf('b'), null, input())).rejects.toThrow(/left/);
  });
});
