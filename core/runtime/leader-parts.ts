import type { Clock } from '../mesh/clock.ts';
import type { Network } from '../mesh/network.ts';
import type { SessionEvent } from '../session/events.ts';
import type { Announcer } from './announcer.ts';
import type { Member } from './member.ts';
import type { PartSurvey } from './part-survey.ts';
import type { Replanner } from './replanner.ts';
import type { ShardCourier } from './shard-courier.ts';
import type { ExecutorOptions } from './stage-executor.ts';
import type { WeightsDesk } from './weights-desk.ts';

/** What the parts of one leader share. */
export interface LeaderParts {
  readonly member: Member;
  readonly network: Network;
  readonly clock: Clock;
  readonly runtime: () => ExecutorOptions;
  readonly emit: (event: SessionEvent) => void;
  readonly announcer: Announcer;
  readonly courier: ShardCourier;
  readonly desk: WeightsDesk;
  readonly survey: PartSurvey;
  readonly replanner: Replanner;
}
