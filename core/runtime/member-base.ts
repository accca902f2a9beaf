import type { Clock } from '../mesh/clock.ts';
import type { Network } from '../mesh/network.ts';
import type { SessionEvent } from '../session/events.ts';
import type { ToLeader } from './to-leader.ts';
import type { TracingLater } from './tracing-later.ts';

/** What the parts of one device share. */
export interface MemberBase {
  readonly network: Network;
  readonly clock: Clock;
  readonly emit: (event: SessionEvent) => void;
  readonly toLeader: ToLeader;
  readonly tracing: TracingLater;
}
