import type { AuditsLater } from './audit/audits-later.ts';
import type { MemberBase } from './member-base.ts';
import type { OwnWeights } from './own-weights.ts';
import type { ExecutorFactory, ExecutorOptions } from './stage-executor.ts';
import { StageHost, type StageHostEvents } from './stage-host.ts';

export interface OwnStagesOptions extends MemberBase {
  readonly executors: ExecutorFactory;
  readonly runtime: () => ExecutorOptions;
  readonly weights: OwnWeights;
  readonly audits: AuditsLater;
  /** An item has passed. */
  readonly ran: () => void;
}

/** The host of this device's stages: how they come is told to everybody, whether they are ready to the leader. */
export function ownStages(
  options: OwnStagesOptions,
  ways: Pick<StageHostEvents, 'forward' | 'requestFailed'>,
): StageHost {
  const { network, clock, emit, executors, runtime, weights, audits, tracing, toLeader } = options;
  return new StageHost({
    gather: (terms, tell, signal) => {
      audits.makeRoom();
      return weights.gather(terms, signal, tell);
    },
    executors,
    runtime,
    clock,
    events: {
      ...ways,
      progress: (epoch, progress) => {
        emit({ type: 'StageProgressed', peer: network.me, progress });
        for (const peer of network.peers())
          network.sendControl(peer, { type: 'stage-progress', epoch, progress });
        toLeader.ears?.stageProgress(network.me, epoch);
      },
      ready: (terms, times) => {
        if (times) tracing.now?.tracer.loaded(terms, times);
        toLeader.tell({ type: 'stage-ready', epoch: terms.epoch, stage: terms.stage });
      },
      failed: ({ epoch, stage }, step, message) =>
        toLeader.tell({ type: 'stage-failed', epoch, stage, step, message }),
      ran: (item) => {
        tracing.now?.tracer.ran(item);
        options.ran();
      },
    },
  });
}
