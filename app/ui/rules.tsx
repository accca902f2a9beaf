import type { VNode } from 'preact';
import type { PlanRules } from '../../core/session/state.ts';
import { AuditRule } from './audit-rule.tsx';
import { percent } from './format.ts';
import type { PanelProps } from './plan-panels.tsx';
import { ruleWords } from './rule-words.ts';
import { nameOf } from './select.ts';
import '../styles/plan.css';

const FLOORS = [0.1, 0.2, 0.3, 0.5] as const;
/** Where phones begin to warn. */
const USUAL_FLOOR = 0.2;

/** What every plan must respect: the leader sets it, everybody sees it. */
export function Rules({ state, actions }: PanelProps): VNode {
  const { rules } = state;
  if (state.me !== state.leader) return <RulesTold state={state} />;
  const set = (change: Partial<PlanRules>): void => actions.setRules({ ...rules, ...change });
  const onFloor = (floor: number): void => set({ batteryFloor: floor });
  const floors = [...new Set([...FLOORS, ...(rules.batteryFloor > 0 ? [rules.batteryFloor] : [])])];
  return (
    <div class="rules">
      <label class="switch">
        <input
          type="checkbox"
          role="switch"
          aria-checked={rules.endsAtHome}
          checked={rules.endsAtHome}
          aria-describedby="rule-ends"
          onChange={(event) => set({ endsAtHome: event.currentTarget.checked })}
          data-testid="rule-ends"
        />
        <span>First and last layers stay with me</span>
      </label>
      <p class="soft" id="rule-ends">
        Others then see neither what you ask nor the answer, only the numbers between layers.
      </p>
      <div class="rule-line">
        <label class="switch">
          <input
            type="checkbox"
            role="switch"
            aria-checked={rules.batteryFloor > 0}
            checked={rules.batteryFloor > 0}
            onChange={(event) => onFloor(event.currentTarget.checked ? USUAL_FLOOR : 0)}
            data-testid="rule-battery"
          />
          <span>Leave out devices on battery below</span>
        </label>
        <select
          aria-label="Least charge of a device on battery"
          value={String(rules.batteryFloor || USUAL_FLOOR)}
          disabled={rules.batteryFloor === 0}
          onChange={(event) => onFloor(Number(event.currentTarget.value))}
          data-testid="rule-floor"
        >
          {floors.sort().map((floor) => (
            <option key={floor} value={String(floor)}>
              {percent(floor)}
            </option>
          ))}
        </select>
      </div>
      <AuditRule state={state} actions={actions} />
      <p class="soft">Which device must take part or is left out is chosen on its card.</p>
    </div>
  );
}

function RulesTold({ state }: Pick<PanelProps, 'state'>): VNode {
  const told = ruleWords(state.rules, (peer) => nameOf(state.devices, peer));
  return (
    <div class="rules">
      {told.length === 0 ? (
        <p>No rules are set: the plan is free to use every device.</p>
      ) : (
        <ul class="points">
          {told.map((words) => (
            <li key={words}>{words}</li>
          ))}
        </ul>
      )}
      <p class="soft">Only the leader can change them.</p>
    </div>
  );
}
