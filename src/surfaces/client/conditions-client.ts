import type {
  ConditionListInput,
  ConditionView,
  DisputeInput,
  OpenConditionInput,
  ProposeInput,
} from '../../model/condition-api.js';
import type { Transport } from './transport.js';

/** The questions of a runtime and their answers: `runtime.conditions`. A condition is named by its id or by the world that opened it. */
export class ConditionsClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Opens one in a world's verse, without branching it. */
  open(input: OpenConditionInput): Promise<ConditionView> {
    return this.#call('condition-open', input);
  }

  /** The open ones; with `all`, also those that are settled. */
  list(input: ConditionListInput = {}): Promise<ConditionView[]> {
    return this.#call('condition-list', input);
  }

  /** @throws CONDITION_NOT_FOUND */
  show(condition: string): Promise<ConditionView> {
    return this.#call('condition-show', { condition });
  }

  /** @throws PROPOSAL_STANDS, ALREADY_RESOLVED, REPORT_MISSING, ORACLE_FAILED */
  propose(input: ProposeInput): Promise<ConditionView> {
    return this.#call('condition-propose', input);
  }

  /** @throws NO_PROPOSAL, DISPUTE_WINDOW_OVER */
  dispute(input: DisputeInput): Promise<ConditionView> {
    return this.#call('condition-dispute', input);
  }

  /** Makes what is proposed final; of a push-down that is its pull-up. @throws NO_PROPOSAL, DISPUTE_WINDOW_OPEN */
  finalise(condition: string): Promise<ConditionView> {
    return this.#call('condition-finalise', { condition });
  }

  /** Gives one up: balances return by probability. @throws PROPOSAL_STANDS, ALREADY_RESOLVED */
  void(condition: string): Promise<ConditionView> {
    return this.#call('condition-void', { condition });
  }

  #call<T>(action: string, input: object): Promise<T> {
    return this.#transport.call(action, input, {}) as Promise<T>;
  }
}
