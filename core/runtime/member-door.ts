import type { PeerId } from '../ids.ts';
import type { BinaryKind } from '../mesh/network.ts';
import { type AuditFrame, decodeAuditFrame, isAuditFrame } from '../protocol/audit-frame.ts';
import type { ControlMessage } from '../protocol/messages.ts';
import { holdsLayers } from '../session/holders.ts';
import type { Activations } from './activations.ts';
import type { AuditsLater } from './audit/audits-later.ts';
import type { Cards } from './cards.ts';
import type { FromLeader } from './from-leader.ts';
import { hear } from './leader-ears.ts';
import type { Leadership } from './leadership.ts';
import type { MemberBase } from './member-base.ts';
import type { OwnWeights } from './own-weights.ts';

export interface MemberDoorOptions extends MemberBase {
  readonly fromLeader: FromLeader;
  readonly leadership: Leadership;
  readonly cards: Cards;
  readonly weights: OwnWeights;
  readonly activations: Activations;
  readonly audits: AuditsLater;
}

/** Hands each message of another device to the part that handles it, if it may come from there. */
export class MemberDoor {
  readonly #options: MemberDoorOptions;

  constructor(options: MemberDoorOptions) {
    this.#options = options;
  }

  control(peer: PeerId, message: ControlMessage): void {
    const { emit, toLeader, fromLeader, leadership, cards, weights, activations, tracing } = this.#options;
    const { asker, host } = activations;
    switch (message.type) {
      case 'card':
        cards.heard(peer, message.card);
        break;
      case 'load':
        emit({ type: 'LoadReported', peer, load: message.load });
        toLeader.ears?.loadReported(peer, message.load);
        break;
      case 'stage-progress':
        toLeader.ears?.stageProgress(peer, message.epoch);
        emit({ type: 'StageProgressed', peer, progress: message.progress });
        break;
      case 'links':
      case 'stage-ready':
      case 'stage-failed':
      case 'pieces-held':
      case 'piece-corrupt':
      case 'parts-measured':
      case 'want-turn':
      case 'end-turn':
      case 'recompute-refused':
        if (toLeader.ears) hear(toLeader.ears, peer, message);
        break;
      case 'want-pieces':
        weights.exchange.wanted(peer, message.pieces);
        break;
      case 'piece-refused':
        weights.exchange.refused(peer, message.ticket, message.reason);
        break;
      case 'request-failed':
        if (holdsLayers(asker.plan, peer))
          asker.failed(message.request, message.epoch, message.step, message.message);
        break;
      case 'model':
      case 'room':
      case 'load-stage':
      case 'measure-parts':
      case 'pieces-told':
      case 'pieces-sought':
      case 'turn':
      case 'legacy':
      case 'spare-pieces':
      case 'audit-terms':
      case 'recompute':
        if (toLeader.isLeader(peer)) fromLeader.hear(message);
        break;
      case 'office':
      case 'leader-missed':
      case 'leader-seen':
        leadership.hear(peer, message);
        break;
      case 'hop-broken':
        if (holdsLayers(asker.plan, peer)) asker.hopBroken(message.epoch);
        break;
      case 'end-sequence':
        host.endSequence(peer, message.sequence);
        break;
      case 'trace-wanted':
        tracing.load().then(
          ({ desk }) => desk.wanted(peer, message.ticket),
          () => undefined,
        );
        break;
      case 'trace-part':
        tracing.now?.desk.heard(peer, message);
        break;
      case 'goodbye':
        break;
    }
  }

  /** @throws ProtocolError */
  binary(peer: PeerId, kind: BinaryKind, bytes: Uint8Array<ArrayBuffer>): void {
    const { activations, weights } = this.#options;
    if (kind === 'activation') activations.arrived(peer, bytes);
    else if (isAuditFrame(bytes)) this.#auditFrame(peer, decodeAuditFrame(bytes));
    else weights.exchange.arrived(peer, bytes);
  }

  #auditFrame(peer: PeerId, frame: AuditFrame): void {
    const { toLeader, audits } = this.#options;
    if (frame.kind !== 'task') toLeader.ears?.auditFrame(peer, frame);
    else if (toLeader.isLeader(peer)) audits.fed(frame);
  }
}
