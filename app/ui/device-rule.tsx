import type { VNode } from 'preact';
import type { DeviceState, SessionState } from '../../core/session/state.ts';
import type { Actions } from '../session/store.ts';
import { PART_WORDS, type Part, partOf, withPart } from './rule-words.ts';

interface Props {
  readonly state: SessionState;
  readonly device: DeviceState;
  readonly actions: Pick<Actions, 'setRules' | 'handOver' | 'letIn'>;
}

/** Whether a device takes part, or leads: the leader's word on its card, which others can read. */
export function DeviceRule({ state, device, actions }: Props): VNode | null {
  const { rules } = state;
  const { peer, name, status, heir } = device.card;
  const part = partOf(rules, peer);
  const aside = state.setAside.some((each) => each.peer === peer);
  if (state.me !== state.leader)
    return part === 'free' ? null : <span class="part set told">{PART_WORDS[part]}</span>;
  if (aside)
    return (
      <select
        class="part set"
        aria-label={`Part of ${name} in the plan`}
        value="aside"
        onChange={() => actions.letIn(peer)}
        data-testid="device-part"
      >
        <option value="aside">Set aside</option>
        <option value="back">Let it in again</option>
      </select>
    );
  // A room of one has nobody to choose from, and a refused device nothing to be asked for.
  if ((state.devices.length < 2 || status === 'refused') && part === 'free') return null;
  return (
    <select
      class={part === 'free' ? 'part' : 'part set'}
      aria-label={`Part of ${name} in the plan`}
      value={part}
      onChange={({ currentTarget: { value } }) => {
        if (value === 'lead') actions.handOver(peer);
        else actions.setRules(withPart(rules, peer, value as Part));
      }}
      data-testid="device-part"
    >
      <option value="free">{PART_WORDS.free}</option>
      <option value="in">{PART_WORDS.in}</option>
      <option value="out">{part === 'out' ? PART_WORDS.out : 'Leave out'}</option>
      {peer !== state.me && heir !== undefined && <option value="lead">Let it lead</option>}
    </select>
  );
}
