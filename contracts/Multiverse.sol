// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Boxes, Cell} from "./Boxes.sol";

/// @notice What the contract needs of the token it keeps in escrow.
interface IERC20 {
    function balanceOf(address owner) external view returns (uint256);

    function transfer(address to, uint256 amount) external returns (bool);

    function transferFrom(address from, address to, uint256 amount) external returns (bool);
}

/// @notice What a contract that is sent balances has to answer (ERC-1155).
interface IERC1155Receiver {
    function onERC1155Received(address operator, address from, uint256 id, uint256 value, bytes calldata data)
        external
        returns (bytes4);

    function onERC1155BatchReceived(
        address operator,
        address from,
        uint256[] calldata ids,
        uint256[] calldata values,
        bytes calldata data
    ) external returns (bytes4);
}

/// @title The multiverse map of one token
/// @notice Balances lie in verses: sets of outcomes of conditions. What somebody has in a verse becomes the same amount in
/// every part of a partition of it (`pushDown`), and back (`pullUp`). When a condition is resolved, the verses of the
/// other outcomes collapse with all that is in them. On every outcome that is still possible the balances of all owners,
/// with the dust, add up to the escrow.
/// @dev The rules are those of the ledger in `src/multiverse`, and errors have the names of its codes. Source: Paradigm,
/// "Multiverse Finance" (Dave White, May 2025). Everything that changes state is guarded against re-entry, and calls
/// other contracts last. See docs/contract.md.
contract Multiverse {
    /// @notice A verse as it is seen from outside.
    /// @param verseId Hash of its constraints: the same event reached by two routes is the same verse.
    /// @param parentId The verse it was created under; 0 for the root verse.
    /// @param children The verses created under it, partitions and others, in order of creation.
    /// @param probability When it was created, by the probabilities of its conditions: units of 1e-18, rounded down.
    /// @param resolved True when it is decided whether the verse exists.
    /// @param outcome True when it is decided that it exists; false when it has collapsed or is undecided.
    struct Verse {
        bytes32 verseId;
        bytes32 parentId;
        bytes32[] children;
        uint256 probability;
        bool resolved;
        bool outcome;
    }

    /// @notice The outcome of a condition is in a set.
    /// @param condition Id of the condition.
    /// @param outcomes The set: bit i is outcome i.
    struct Constraint {
        bytes32 condition;
        uint256 outcomes;
    }

    /// @notice Where a condition stands. Only `Open` is ever left.
    enum Status {
        Open,
        Resolved,
        Redeemed,
        Void
    }

    /// @notice A question with numbered outcomes, opened in a verse. Their names are in the event `ConditionOpened`.
    /// @param verse The verse it was opened in.
    /// @param oracle Who may resolve, redeem and void it.
    /// @param outcomeCount From 2 to 256; 0 when there is no such condition.
    /// @param status Where it stands; conditions below one that was redeemed or voided are void.
    /// @param settledAt How many conditions were settled before it, and 1; 0 while it is open.
    /// @param live Once it is resolved: the outcomes that are possible.
    /// @param denominator Of the weights.
    /// @param weights Probabilities in lowest terms: `weights[i] / denominator`.
    /// @param payoutsHash Once it is redeemed: of the payouts as they were given.
    /// @param payouts Once it is redeemed: in lowest terms.
    struct Condition {
        bytes32 verse;
        address oracle;
        uint16 outcomeCount;
        Status status;
        uint64 settledAt;
        uint256 live;
        uint64 denominator;
        uint64[] weights;
        bytes32 payoutsHash;
        uint64[] payouts;
    }

    /// @notice One, in the units of probabilities.
    uint256 public constant PROBABILITY_ONE = 1e18;
    /// @notice Payouts, in lowest terms, sum to at most this.
    uint256 public constant PAYOUTS_MAX = 1e6;
    /// @notice A partition names at most this many verses.
    uint256 public constant PARTITION_MAX = 256;
    /// @notice Receives the whole units that rounding leaves over. Nobody has its key.
    address public constant DUST = address(uint160(uint256(keccak256("world-runtime.multiverse.dust"))));

    /// @dev Denominators of weights stay below this, so that stakes are multiplied exactly. A verse may so name nine
    /// conditions with coarse probabilities, or three with the finest.
    uint256 private constant DENOMINATOR_MAX = 1 << 192;
    uint256 private constant NAME_BYTES_MAX = 64;

    /// @notice The token that is kept in escrow.
    IERC20 public immutable token;
    /// @notice The verse that everything possible is in.
    bytes32 public immutable rootVerse;

    /// @notice Multiverse map: verse -> owner -> balance in base units of the token.
    mapping(bytes32 => mapping(address => uint256)) public multiverseMap;
    /// @notice Base units that back every possible outcome alike.
    uint256 public escrow;
    /// @notice What is left over below one unit: verse -> denominator -> numerator. Whole units go to `DUST`.
    mapping(bytes32 => mapping(uint256 => uint256)) public dustFraction;
    /// @notice Whether `operator` may transfer what `owner` has (ERC-1155): owner -> operator.
    mapping(address => mapping(address => bool)) public isApprovedForAll;

    mapping(bytes32 => Verse) private _verses;
    mapping(bytes32 => Constraint[]) private _boxes;
    mapping(bytes32 => Condition) private _conditions;
    uint64 private _settledCount;
    bool private transient _entered;

    /// @notice An operation moves at least 1 base unit.
    error BAD_AMOUNT(uint256 amount);
    /// @notice Arguments that make no sense together.
    error BAD_INPUT(string what);
    /// @notice A probability is at most 1e18.
    error BAD_NUMBER(uint256 probability);
    /// @notice Probabilities sum to exactly 1e18.
    error PROBABILITIES_UNBALANCED(uint256 sum);
    /// @notice `by` may not act for `owner`, who is the oracle where a condition is settled.
    error FORBIDDEN(address by, address owner);
    /// @notice Define the verse, or open its condition, first.
    error VERSE_NOT_FOUND(bytes32 verse);
    /// @notice There is no such condition.
    error CONDITION_NOT_FOUND(bytes32 condition);
    /// @notice The caller has opened a condition of that name before.
    error NAME_TAKEN(bytes32 condition);
    /// @notice Nothing possible is in the verse.
    error VERSE_COLLAPSED(bytes32 verse);
    /// @notice Two parts of a partition share something possible.
    error OVERLAP(bytes32 first, bytes32 second);
    /// @notice The parts are not all that is possible of the verse; or the verse is not all that is possible.
    error NOT_EXHAUSTIVE(bytes32 verse);
    /// @notice A verse is not divided into itself, nor by a question that is settled.
    error TRIVIAL_PARTITION(bytes32 verse);
    /// @notice Less is there than the operation takes.
    error INSUFFICIENT_BALANCE(bytes32 verse, address owner, uint256 available, uint256 needed);
    /// @notice The escrow would pass 2^256 - 1.
    error BALANCE_OVERFLOW(uint256 escrow, uint256 amount);
    /// @notice The report leaves nothing possible.
    error CONTRADICTION(bytes32 condition);
    /// @notice The condition was settled before, in another way.
    error ALREADY_RESOLVED(bytes32 condition);
    /// @notice A bound of this contract, which the ledger does not have.
    error UNSUPPORTED(string limit);
    /// @notice Nothing that the verse depends on was redeemed or voided.
    error NOT_SETTLED(bytes32 verse);
    /// @notice A contract that was called by this one called back.
    error REENTRANT();
    /// @notice The token did not move as it was asked to.
    error ESCROW_FAILED();
    /// @notice The receiver is a contract that does not take balances (ERC-1155).
    error RECEIVER_REFUSED(address to);

    /// @notice ERC-1155: `value` of verse `id` moved. From 0 it was made, to 0 it is gone.
    event TransferSingle(address indexed operator, address indexed from, address indexed to, uint256 id, uint256 value);
    /// @notice ERC-1155: several moved.
    event TransferBatch(
        address indexed operator, address indexed from, address indexed to, uint256[] ids, uint256[] values
    );
    /// @notice ERC-1155: `operator` may transfer what `owner` has, or no longer.
    event ApprovalForAll(address indexed owner, address indexed operator, bool approved);
    /// @notice Somebody put money under escrow.
    event Deposited(address indexed owner, bytes32 indexed verse, uint256 amount);
    /// @notice Somebody took money out of the escrow.
    event Withdrawn(address indexed owner, bytes32 indexed verse, uint256 amount);
    /// @notice `amount` of `parent` became `amount` of every child.
    event PushedDown(address indexed owner, bytes32 indexed parent, bytes32[] children, uint256 amount);
    /// @notice `amount` of every child became `amount` of `parent`.
    event PulledUp(address indexed owner, bytes32[] children, bytes32 indexed parent, uint256 amount);
    /// @notice A verse became known.
    event VerseDefined(bytes32 indexed verse, bytes32 indexed parent, Constraint[] constraints);
    /// @notice A condition was opened; `children` are the verses of its outcomes, in order.
    event ConditionOpened(
        bytes32 indexed condition,
        bytes32 indexed verse,
        address indexed oracle,
        string[] outcomes,
        uint256[] probabilities,
        bytes32[] children
    );
    /// @notice The outcome lies in the set.
    event Resolved(bytes32 indexed condition, uint256 outcomes);
    /// @notice The condition pays by shares.
    event Redeemed(bytes32 indexed condition, uint256[] payouts);
    /// @notice The condition was given up and pays by probability.
    event Voided(bytes32 indexed condition);
    /// @notice A stake in a verse that ended was paid; what is left over has this denominator.
    event Settled(
        address indexed owner, bytes32 indexed verse, bytes32 indexed target, uint256 stake, uint256 paid, uint256 denominator
    );
    /// @notice What was left over in a verse that ended moved up.
    event DustSettled(bytes32 indexed verse, bytes32 indexed target, uint256 denominator);

    /// @dev Guards against calls that come back while another contract is being called.
    modifier nonReentrant() {
        if (_entered) revert REENTRANT();
        _entered = true;
        _;
        _entered = false;
    }

    /// @param escrowToken An ERC-20 that moves exactly what it is asked to. It cannot be changed.
    constructor(IERC20 escrowToken) {
        if (address(escrowToken).code.length == 0) revert ESCROW_FAILED();
        token = escrowToken;
        Constraint[] memory nothing;
        rootVerse = _define(nothing, 0);
    }

    // ---------------------------------------------------------------- money in and out

    /// @notice Puts `amount` of the token under escrow and credits it to the caller, who has approved it before.
    /// @param verse The root verse, or another that everything possible is in.
    /// @param amount Base units.
    function deposit(bytes32 verse, uint256 amount) external nonReentrant {
        _requirePositive(amount);
        _requireAll(verse);
        if (amount > type(uint256).max - escrow) revert BALANCE_OVERFLOW(escrow, amount);
        uint256 before = token.balanceOf(address(this));
        escrow += amount;
        multiverseMap[verse][msg.sender] += amount;
        emit TransferSingle(msg.sender, address(0), msg.sender, uint256(verse), amount);
        emit Deposited(msg.sender, verse, amount);
        _callToken(abi.encodeCall(IERC20.transferFrom, (msg.sender, address(this), amount)));
        // A token that takes a fee would leave less than the balances it backs.
        if (token.balanceOf(address(this)) - before != amount) revert ESCROW_FAILED();
    }

    /// @notice The reverse of a deposit.
    /// @param verse As for `deposit`.
    /// @param amount Base units.
    function withdraw(bytes32 verse, uint256 amount) external nonReentrant {
        _requirePositive(amount);
        _requireAll(verse);
        _debit(verse, msg.sender, amount);
        escrow -= amount;
        emit TransferSingle(msg.sender, msg.sender, address(0), uint256(verse), amount);
        emit Withdrawn(msg.sender, verse, amount);
        _callToken(abi.encodeCall(IERC20.transfer, (msg.sender, amount)));
    }

    // ---------------------------------------------------------------- push down, pull up

    /// @notice Turns the caller's whole balance in `parent` into the same amount in every one of `children`.
    /// @param parent The verse that is divided.
    /// @param children A partition of the parent: live, disjoint, together all that is possible of it.
    function pushDown(bytes32 parent, bytes32[] calldata children) external nonReentrant {
        _pushDown(parent, children, multiverseMap[parent][msg.sender]);
    }

    /// @notice Turns `amount` in `parent` into `amount` in every one of `children`.
    /// @param parent The verse that is divided.
    /// @param children A partition of it.
    /// @param amount Base units.
    function pushDown(bytes32 parent, bytes32[] calldata children, uint256 amount) external nonReentrant {
        _pushDown(parent, children, amount);
    }

    /// @notice Turns as much as the caller has in every one of `children` (the least of the balances) back into `parent`.
    /// @param children A partition of the parent. The survivor of a resolved condition alone is one.
    /// @param parent The verse that they divide.
    function pullUp(bytes32[] calldata children, bytes32 parent) external nonReentrant {
        uint256 least = children.length == 0 ? 0 : type(uint256).max;
        for (uint256 i = 0; i < children.length; ++i) {
            uint256 held = multiverseMap[children[i]][msg.sender];
            if (held < least) least = held;
        }
        _pullUp(children, parent, least);
    }

    /// @notice Turns `amount` in every one of `children` back into `amount` in `parent`.
    /// @param children A partition of the parent.
    /// @param parent The verse that they divide.
    /// @param amount Base units.
    function pullUp(bytes32[] calldata children, bytes32 parent, uint256 amount) external nonReentrant {
        _pullUp(children, parent, amount);
    }

    // ---------------------------------------------------------------- verses and conditions

    /// @notice Makes an event known, so that balances can be in it. Doing it again changes nothing.
    /// @param parent The verse it is created under.
    /// @param constraints What is demanded beside the parent's constraints, in any order.
    /// @return verse Its id.
    function defineVerse(bytes32 parent, Constraint[] calldata constraints)
        external
        nonReentrant
        returns (bytes32 verse)
    {
        for (uint256 i = 0; i < constraints.length; ++i) {
            if (constraints[i].outcomes == 0) revert BAD_INPUT("a constraint allows at least one outcome");
        }
        _requireKnown(parent);
        Constraint[] memory box = _boxes[parent];
        for (uint256 i = 0; i < constraints.length; ++i) {
            Constraint calldata one = constraints[i];
            Condition storage condition = _condition(one.condition);
            uint256 full = _fullSet(condition.outcomeCount);
            if (one.outcomes & ~full != 0) revert BAD_INPUT("the condition has no such outcome");
            if (one.outcomes == full) continue;
            box = _meet(_meetAll(box, _boxes[condition.verse]), one.condition, one.outcomes);
        }
        for (uint256 i = 0; i < box.length; ++i) {
            if (box[i].outcomes == 0) revert BAD_INPUT("no outcome satisfies all constraints");
        }
        if (!Boxes.isLive(_cells(box))) revert VERSE_COLLAPSED(_idOf(box));
        return _define(box, parent);
    }

    /// @notice Opens a condition in a live verse and defines the verse of each outcome. Anyone may: no balance moves.
    /// @param name The caller's own name for it: `conditionId(caller, name)` is the id, so nobody can take it before.
    /// @param verse Where it is asked.
    /// @param outcomes Names, 2 to 256 different ones of 1 to 64 bytes.
    /// @param probabilities One for each, in units of 1e-18, that sum to exactly 1e18.
    /// @param oracle Who may resolve, redeem and void it; the caller when 0.
    /// @return condition Its id.
    function openCondition(
        bytes32 name,
        bytes32 verse,
        string[] calldata outcomes,
        uint256[] calldata probabilities,
        address oracle
    ) external nonReentrant returns (bytes32 condition) {
        _requireCounts(outcomes, probabilities);
        condition = conditionId(msg.sender, name);
        Condition storage opened = _conditions[condition];
        if (opened.outcomeCount != 0) revert NAME_TAKEN(condition);
        _requireLive(verse);
        _requireNames(outcomes);
        uint256 unit = _requireProbabilities(outcomes.length, probabilities);
        opened.verse = verse;
        opened.oracle = oracle == address(0) ? msg.sender : oracle;
        opened.outcomeCount = uint16(outcomes.length);
        opened.denominator = uint64(PROBABILITY_ONE / unit);
        for (uint256 i = 0; i < probabilities.length; ++i) opened.weights.push(uint64(probabilities[i] / unit));
        Constraint[] memory parent = _boxes[verse];
        bytes32[] memory children = new bytes32[](outcomes.length);
        for (uint256 i = 0; i < outcomes.length; ++i) {
            children[i] = _define(_meet(parent, condition, 1 << i), verse);
        }
        emit ConditionOpened(condition, verse, opened.oracle, outcomes, probabilities, children);
    }

    /// @notice Says, for ever, in which set the outcome lies. Verses that contain none of it collapse. The same report
    /// again changes nothing.
    /// @param condition Its id.
    /// @param outcomes The set: bit i is outcome i.
    function resolve(bytes32 condition, uint256 outcomes) external nonReentrant {
        Condition storage found = _asOracle(condition);
        if (outcomes & ~_fullSet(found.outcomeCount) != 0) revert BAD_INPUT("the condition has no such outcome");
        if (found.status == Status.Resolved && found.live == outcomes) return;
        _requireOpen(condition, found);
        if (outcomes == 0) revert CONTRADICTION(condition);
        found.live = outcomes;
        _close(found, Status.Resolved);
        emit Resolved(condition, outcomes);
    }

    /// @notice Gives up on an open condition: a stake in a verse of weight w can be settled for floor(stake * w) in the verse
    /// without it. All its verses collapse, and conditions opened in them are void too. Again: nothing.
    /// @param condition Its id.
    function voidCondition(bytes32 condition) external nonReentrant {
        Condition storage found = _asOracle(condition);
        if (_statusOf(found) == Status.Void) return;
        _requireOpen(condition, found);
        _close(found, Status.Void);
        emit Voided(condition);
    }

    /// @notice Settles an open condition by shares: as `voidCondition`, with payouts instead of probabilities.
    /// @param condition Its id.
    /// @param payouts One for each outcome; in lowest terms they sum to at most a million. The same again change nothing.
    function redeemCondition(bytes32 condition, uint256[] calldata payouts) external nonReentrant {
        Condition storage found = _asOracle(condition);
        if (payouts.length != found.outcomeCount) revert BAD_INPUT("as many payouts as outcomes");
        bytes32 given = keccak256(abi.encode(payouts));
        if (found.status == Status.Redeemed && found.payoutsHash == given) return;
        _requireOpen(condition, found);
        uint256 unit = 0;
        for (uint256 i = 0; i < payouts.length; ++i) unit = _gcd(unit, payouts[i]);
        if (unit == 0) revert CONTRADICTION(condition);
        uint256 sum = 0;
        for (uint256 i = 0; i < payouts.length; ++i) {
            uint256 share = payouts[i] / unit;
            if (share > PAYOUTS_MAX - sum) revert UNSUPPORTED("payouts too fine");
            sum += share;
            found.payouts.push(uint64(share));
        }
        found.payoutsHash = given;
        _close(found, Status.Redeemed);
        emit Redeemed(condition, payouts);
    }

    /// @notice Pays what `owner` has in a verse that ended because a condition was redeemed or voided. Anyone may ask for it.
    /// What rounding leaves is kept as `dustFraction`, whole units of it in the account `DUST`.
    /// @param verse The verse that ended.
    /// @param owner Whose stake.
    /// @return target The verse without that condition and those below it, where it is paid.
    /// @return paid floor(stake * weight).
    function settle(bytes32 verse, address owner) external nonReentrant returns (bytes32 target, uint256 paid) {
        uint256 num;
        uint256 den;
        (target, num, den) = _above(verse);
        uint256 stake = multiverseMap[verse][owner];
        if (stake == 0) revert INSUFFICIENT_BALANCE(verse, owner, 0, 1);
        uint256 remainder;
        (paid, remainder) = _mulDiv(stake, num, den);
        multiverseMap[verse][owner] = 0;
        multiverseMap[target][owner] += paid;
        emit TransferSingle(msg.sender, owner, address(0), uint256(verse), stake);
        emit TransferSingle(msg.sender, address(0), owner, uint256(target), paid);
        _addDust(target, remainder, den);
        emit Settled(owner, verse, target, stake, paid, den);
    }

    /// @notice Moves what was left over below one unit in a verse that ended, as `settle` moves stakes. Anyone may ask for it.
    /// @param verse The verse that ended.
    /// @param denominator Of the fraction: `dustFraction[verse][denominator]`.
    /// @return target Where the fraction, times the weight of the verse, is added.
    /// @return targetDenominator Under which it is added there.
    function settleDust(bytes32 verse, uint256 denominator)
        external
        nonReentrant
        returns (bytes32 target, uint256 targetDenominator)
    {
        uint256 numerator = dustFraction[verse][denominator];
        _requirePositive(numerator);
        uint256 num;
        uint256 den;
        (target, num, den) = _above(verse);
        targetDenominator = denominator * den;
        dustFraction[verse][denominator] = 0;
        _addDust(target, numerator * num, targetDenominator);
        emit DustSettled(verse, target, targetDenominator);
    }

    // ---------------------------------------------------------------- ERC-1155: a verse is a token id

    /// @notice Moves `value` of verse `id`, which is live, to another owner. Contracts are asked whether they take it.
    /// @param from Whose balance: the caller, or somebody who approved it.
    /// @param to Who gets it.
    /// @param id The verse.
    /// @param value Base units, at least 1.
    /// @param data For the receiver.
    function safeTransferFrom(address from, address to, uint256 id, uint256 value, bytes calldata data)
        external
        nonReentrant
    {
        _move(from, to, id, value);
        emit TransferSingle(msg.sender, from, to, id, value);
        if (to.code.length == 0) return;
        bytes4 answer = IERC1155Receiver(to).onERC1155Received(msg.sender, from, id, value, data);
        if (answer != IERC1155Receiver.onERC1155Received.selector) revert RECEIVER_REFUSED(to);
    }

    /// @notice Several at once, or none of them.
    /// @param from Whose balances: the caller, or somebody who approved it.
    /// @param to Who gets them.
    /// @param ids The verses.
    /// @param values Base units, one for each verse.
    /// @param data For the receiver.
    function safeBatchTransferFrom(
        address from,
        address to,
        uint256[] calldata ids,
        uint256[] calldata values,
        bytes calldata data
    ) external nonReentrant {
        if (ids.length != values.length) revert BAD_INPUT("as many values as ids");
        for (uint256 i = 0; i < ids.length; ++i) _move(from, to, ids[i], values[i]);
        emit TransferBatch(msg.sender, from, to, ids, values);
        if (to.code.length == 0) return;
        bytes4 answer = IERC1155Receiver(to).onERC1155BatchReceived(msg.sender, from, ids, values, data);
        if (answer != IERC1155Receiver.onERC1155BatchReceived.selector) revert RECEIVER_REFUSED(to);
    }

    /// @notice Lets `operator` transfer what the caller has, or no longer. It may do nothing else.
    /// @param operator Who may, or no longer.
    /// @param approved True for may.
    function setApprovalForAll(address operator, bool approved) external nonReentrant {
        isApprovedForAll[msg.sender][operator] = approved;
        emit ApprovalForAll(msg.sender, operator, approved);
    }

    /// @notice The balance in a verse, by ERC-1155's name for it. What lies in a collapsed verse is still listed.
    /// @param owner Whose.
    /// @param id The verse.
    function balanceOf(address owner, uint256 id) external view returns (uint256) {
        return multiverseMap[bytes32(id)][owner];
    }

    /// @notice Several balances.
    /// @param owners Whose.
    /// @param ids The verses, one for each owner.
    function balanceOfBatch(address[] calldata owners, uint256[] calldata ids)
        external
        view
        returns (uint256[] memory balances)
    {
        if (owners.length != ids.length) revert BAD_INPUT("as many owners as ids");
        balances = new uint256[](ids.length);
        for (uint256 i = 0; i < ids.length; ++i) balances[i] = multiverseMap[bytes32(ids[i])][owners[i]];
    }

    /// @notice ERC-165: ERC-165 itself and ERC-1155.
    /// @param id Of the interface.
    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == 0x01ffc9a7 || id == 0xd9b67a26;
    }

    // ---------------------------------------------------------------- looking

    /// @notice The verse, with what is decided about it now.
    /// @param verse Its id.
    function getVerse(bytes32 verse) external view returns (Verse memory seen) {
        _requireKnown(verse);
        seen = _verses[verse];
        Cell[] memory cells = _cells(_boxes[verse]);
        seen.outcome = Boxes.coversAll(cells);
        seen.resolved = seen.outcome || !Boxes.isLive(cells);
    }

    /// @notice What the verse demands, in ascending order of the conditions.
    /// @param verse Its id.
    function constraintsOf(bytes32 verse) external view returns (Constraint[] memory) {
        _requireKnown(verse);
        return _boxes[verse];
    }

    /// @notice True when something possible is in the verse.
    /// @param verse Its id.
    function isLive(bytes32 verse) external view returns (bool) {
        _requireKnown(verse);
        return Boxes.isLive(_cells(_boxes[verse]));
    }

    /// @notice The condition, with where it stands now.
    /// @param condition Its id.
    function getCondition(bytes32 condition) external view returns (Condition memory seen) {
        Condition storage found = _condition(condition);
        seen = found;
        seen.status = _statusOf(found);
    }

    /// @notice The verse of one outcome of a condition.
    /// @param condition Its id.
    /// @param outcome Its number, from 0.
    function outcomeVerse(bytes32 condition, uint256 outcome) external view returns (bytes32) {
        Condition storage found = _condition(condition);
        if (outcome >= found.outcomeCount) revert BAD_INPUT("the condition has no such outcome");
        return _idOf(_meet(_boxes[found.verse], condition, 1 << outcome));
    }

    /// @notice The id of the condition that `opener` calls `name`.
    /// @param opener Who opens it.
    /// @param name What the opener calls it.
    function conditionId(address opener, bytes32 name) public pure returns (bytes32) {
        return keccak256(abi.encode(opener, name));
    }

    // ---------------------------------------------------------------- moving balances

    function _pushDown(bytes32 parent, bytes32[] memory children, uint256 amount) private {
        _requirePositive(amount);
        _requirePartition(parent, children, false);
        _debit(parent, msg.sender, amount);
        for (uint256 i = 0; i < children.length; ++i) multiverseMap[children[i]][msg.sender] += amount;
        emit TransferSingle(msg.sender, msg.sender, address(0), uint256(parent), amount);
        emit TransferBatch(msg.sender, address(0), msg.sender, _asIds(children), _repeat(amount, children.length));
        emit PushedDown(msg.sender, parent, children, amount);
    }

    function _pullUp(bytes32[] memory children, bytes32 parent, uint256 amount) private {
        _requirePositive(amount);
        _requirePartition(parent, children, true);
        for (uint256 i = 0; i < children.length; ++i) _debit(children[i], msg.sender, amount);
        multiverseMap[parent][msg.sender] += amount;
        emit TransferBatch(msg.sender, msg.sender, address(0), _asIds(children), _repeat(amount, children.length));
        emit TransferSingle(msg.sender, address(0), msg.sender, uint256(parent), amount);
        emit PulledUp(msg.sender, children, parent, amount);
    }

    function _move(address from, address to, uint256 id, uint256 value) private {
        if (to == address(0)) revert BAD_INPUT("no receiver");
        _requirePositive(value);
        if (msg.sender != from && !isApprovedForAll[from][msg.sender]) revert FORBIDDEN(msg.sender, from);
        _requireLive(bytes32(id));
        _debit(bytes32(id), from, value);
        multiverseMap[bytes32(id)][to] += value;
    }

    /// @dev No credit can overflow: on some possible outcome all balances together are the escrow.
    function _debit(bytes32 verse, address owner, uint256 amount) private {
        uint256 held = multiverseMap[verse][owner];
        if (held < amount) revert INSUFFICIENT_BALANCE(verse, owner, held, amount);
        multiverseMap[verse][owner] = held - amount;
    }

    /// @dev Tokens that answer nothing are taken at their word; those that answer false are refused.
    function _callToken(bytes memory data) private {
        (bool done, bytes memory answer) = address(token).call(data);
        if (!done || (answer.length != 0 && !abi.decode(answer, (bool)))) revert ESCROW_FAILED();
    }

    // ---------------------------------------------------------------- partitions

    /// @dev In this order: VERSE_NOT_FOUND, VERSE_COLLAPSED, OVERLAP, NOT_EXHAUSTIVE, TRIVIAL_PARTITION.
    function _requirePartition(bytes32 parent, bytes32[] memory children, bool merge) private view {
        if (children.length > PARTITION_MAX) revert BAD_INPUT("too many verses");
        _requireKnown(parent);
        for (uint256 i = 0; i < children.length; ++i) _requireKnown(children[i]);
        Cell[] memory whole = _cells(_boxes[parent]);
        if (!Boxes.isLive(whole)) revert VERSE_COLLAPSED(parent);
        Cell[][] memory parts = new Cell[][](children.length);
        for (uint256 i = 0; i < children.length; ++i) {
            parts[i] = _cells(_boxes[children[i]]);
            if (!Boxes.isLive(parts[i])) revert VERSE_COLLAPSED(children[i]);
        }
        for (uint256 i = 0; i < parts.length; ++i) {
            for (uint256 j = i + 1; j < parts.length; ++j) {
                if (!Boxes.excludeEachOther(parts[i], parts[j])) revert OVERLAP(children[i], children[j]);
            }
        }
        if (!_fills(whole, parts)) revert NOT_EXHAUSTIVE(parent);
        // One verse that is exhaustive is all of the parent: it may come up, under another name, and nothing goes down.
        if (children.length == 1 && (!merge || children[0] == parent)) revert TRIVIAL_PARTITION(parent);
    }

    /// @dev Disjoint live boxes inside the parent fill it exactly when they allow as many joint outcomes as it does.
    function _fills(Cell[] memory whole, Cell[][] memory parts) private pure returns (bool) {
        Cell[] memory space = whole;
        for (uint256 i = 0; i < parts.length; ++i) {
            if (!Boxes.isInside(parts[i], whole)) return false;
            space = Boxes.union(space, parts[i]);
        }
        // Disjoint parts allow no more together than the whole, so only this count can be too large.
        (uint256 all, bool fits) = Boxes.countIn(whole, space);
        if (!fits) revert UNSUPPORTED("more than 2^256 joint outcomes");
        uint256 covered = 0;
        for (uint256 i = 0; i < parts.length; ++i) {
            (uint256 count,) = Boxes.countIn(parts[i], space);
            covered += count;
        }
        return covered == all;
    }

    // ---------------------------------------------------------------- settling

    /// @dev Where stakes in a verse that ended are paid, and their weight.
    function _above(bytes32 verse) private returns (bytes32 target, uint256 num, uint256 den) {
        _requireKnown(verse);
        Constraint[] memory box = _boxes[verse];
        bytes32 ended = _firstEnded(box);
        if (ended == 0) revert NOT_SETTLED(verse);
        Constraint[] memory rest;
        (rest, num, den) = _weigh(verse, box, ended);
        target = _define(rest, _conditions[ended].verse);
    }

    /// @dev Adds to what is left over in a verse. Whole units go to the account for it.
    function _addDust(bytes32 verse, uint256 numerator, uint256 denominator) private {
        numerator += dustFraction[verse][denominator];
        if (numerator >= denominator) {
            numerator -= denominator;
            multiverseMap[verse][DUST] += 1;
            emit TransferSingle(msg.sender, address(0), DUST, uint256(verse), 1);
        }
        dustFraction[verse][denominator] = numerator;
    }

    /// @dev The condition of a box that was redeemed or voided first; 0 when none was.
    function _firstEnded(Constraint[] memory box) private view returns (bytes32 first) {
        uint64 earliest = type(uint64).max;
        for (uint256 i = 0; i < box.length; ++i) {
            Condition storage one = _conditions[box[i].condition];
            if (!_hasEnded(one) || one.settledAt > earliest) continue;
            (first, earliest) = (box[i].condition, one.settledAt);
        }
    }

    /// @dev The constraints that remain when a condition ends with all below it, and the weight of the others.
    function _weigh(bytes32 verse, Constraint[] memory box, bytes32 ended)
        private
        view
        returns (Constraint[] memory rest, uint256 num, uint256 den)
    {
        rest = new Constraint[](box.length);
        (num, den) = (1, 1);
        uint256 kept = 0;
        uint64 time = _conditions[ended].settledAt;
        for (uint256 i = 0; i < box.length; ++i) {
            Condition storage one = _conditions[box[i].condition];
            // What was possible when the condition ended: later reports do not count.
            bool before = one.status == Status.Resolved && one.settledAt < time;
            uint256 live = before ? one.live : _fullSet(one.outcomeCount);
            uint256 inside = box[i].outcomes & live;
            if (inside == 0) revert VERSE_COLLAPSED(verse);
            if (box[i].condition != ended && !_names(one.verse, ended)) {
                rest[kept++] = box[i];
                continue;
            }
            bool shares = box[i].condition == ended && one.status == Status.Redeemed;
            (uint256 n, uint256 d) = _share(shares ? one.payouts : one.weights, inside, live);
            num *= n;
            den *= d;
        }
        assembly ("memory-safe") {
            mstore(rest, kept)
        }
    }

    /// @dev Share of the live outcomes' weight that is in the set; equal shares when all of it is 0.
    function _share(uint64[] storage weights, uint256 inside, uint256 live)
        private
        view
        returns (uint256 num, uint256 den)
    {
        uint256 count = weights.length;
        for (uint256 i = 0; i < count; ++i) {
            if ((live >> i) & 1 == 0) continue;
            uint256 weight = weights[i];
            den += weight;
            if ((inside >> i) & 1 == 1) num += weight;
        }
        if (den == 0) (num, den) = (Boxes.sizeOf(inside), Boxes.sizeOf(live));
    }

    /// @dev floor(x * num / den) and the remainder, for num <= den <= 2^192: long division, 64 bits of x at a time.
    function _mulDiv(uint256 x, uint256 num, uint256 den) private pure returns (uint256 quotient, uint256 remainder) {
        for (uint256 shift = 256; shift != 0; ) {
            shift -= 64;
            uint256 high = remainder << 64;
            uint256 low = ((x >> shift) & type(uint64).max) * num;
            remainder = (high % den) + (low % den);
            quotient = (quotient << 64) + high / den + low / den + remainder / den;
            remainder %= den;
        }
    }

    function _gcd(uint256 a, uint256 b) private pure returns (uint256) {
        while (b != 0) (a, b) = (b, a % b);
        return a;
    }

    // ---------------------------------------------------------------- boxes

    function _idOf(Constraint[] memory box) private pure returns (bytes32) {
        return keccak256(abi.encode(box));
    }

    /// @dev Makes a box known and returns its id; knowing it already is fine.
    function _define(Constraint[] memory box, bytes32 parent) private returns (bytes32 id) {
        id = _idOf(box);
        Verse storage verse = _verses[id];
        if (verse.verseId != 0) return id;
        verse.verseId = id;
        verse.parentId = parent;
        verse.probability = _measure(box);
        for (uint256 i = 0; i < box.length; ++i) _boxes[id].push(box[i]);
        if (parent != 0) _verses[parent].children.push(id);
        emit VerseDefined(id, parent, box);
    }

    /// @dev Probability of a box; refuses one whose stakes could not be multiplied exactly, whatever of it ends first.
    function _measure(Constraint[] memory box) private view returns (uint256 probability) {
        probability = PROBABILITY_ONE;
        uint256 product = 1;
        for (uint256 i = 0; i < box.length; ++i) {
            Condition storage one = _conditions[box[i].condition];
            uint256 finest = one.denominator;
            uint256 sum = 0;
            uint256 k = 0;
            for (uint256 left = box[i].outcomes; left != 0; left >>= 1) {
                if (left & 1 == 1) sum += one.weights[k];
                ++k;
            }
            probability = (probability * sum) / finest;
            // It may come out in payouts instead, or in equal shares of at most 256 outcomes.
            if (finest < PAYOUTS_MAX) finest = PAYOUTS_MAX;
            if (product > DENOMINATOR_MAX / finest) revert UNSUPPORTED("too many conditions in one verse");
            product *= finest;
        }
    }

    /// @dev The box with one more constraint, in order.
    function _meet(Constraint[] memory box, bytes32 condition, uint256 outcomes)
        private
        pure
        returns (Constraint[] memory met)
    {
        uint256 place = 0;
        while (place < box.length && box[place].condition < condition) ++place;
        bool named = place < box.length && box[place].condition == condition;
        met = new Constraint[](named ? box.length : box.length + 1);
        for (uint256 i = 0; i < place; ++i) met[i] = box[i];
        met[place] = Constraint(condition, named ? box[place].outcomes & outcomes : outcomes);
        for (uint256 i = place + 1; i < met.length; ++i) met[i] = box[named ? i : i - 1];
    }

    function _meetAll(Constraint[] memory box, Constraint[] memory other)
        private
        pure
        returns (Constraint[] memory met)
    {
        met = box;
        for (uint256 i = 0; i < other.length; ++i) met = _meet(met, other[i].condition, other[i].outcomes);
    }

    /// @dev The box with what is still possible of its conditions.
    function _cells(Constraint[] memory box) private view returns (Cell[] memory cells) {
        cells = new Cell[](box.length);
        for (uint256 i = 0; i < box.length; ++i) {
            Condition storage one = _conditions[box[i].condition];
            uint256 live = 0;
            if (one.status == Status.Open) live = _fullSet(one.outcomeCount);
            else if (one.status == Status.Resolved) live = one.live;
            cells[i] = Cell(box[i].condition, box[i].outcomes & live, live);
        }
    }

    // ---------------------------------------------------------------- conditions

    function _condition(bytes32 id) private view returns (Condition storage found) {
        found = _conditions[id];
        if (found.outcomeCount == 0) revert CONDITION_NOT_FOUND(id);
    }

    function _asOracle(bytes32 id) private view returns (Condition storage found) {
        found = _condition(id);
        if (msg.sender != found.oracle) revert FORBIDDEN(msg.sender, found.oracle);
    }

    function _requireOpen(bytes32 id, Condition storage condition) private view {
        if (_statusOf(condition) != Status.Open) revert ALREADY_RESOLVED(id);
        _requireLive(condition.verse);
    }

    function _close(Condition storage condition, Status status) private {
        condition.status = status;
        condition.settledAt = ++_settledCount;
    }

    function _hasEnded(Condition storage condition) private view returns (bool) {
        return condition.status == Status.Redeemed || condition.status == Status.Void;
    }

    /// @dev A condition that was opened under an outcome of one that ended is void with it.
    function _statusOf(Condition storage condition) private view returns (Status) {
        if (condition.status != Status.Open) return condition.status;
        Constraint[] storage box = _boxes[condition.verse];
        for (uint256 i = 0; i < box.length; ++i) {
            if (_hasEnded(_conditions[box[i].condition])) return Status.Void;
        }
        return Status.Open;
    }

    function _names(bytes32 verse, bytes32 condition) private view returns (bool) {
        Constraint[] storage box = _boxes[verse];
        for (uint256 i = 0; i < box.length; ++i) {
            if (box[i].condition == condition) return true;
        }
        return false;
    }

    function _fullSet(uint256 outcomeCount) private pure returns (uint256) {
        return type(uint256).max >> (256 - outcomeCount);
    }

    // ---------------------------------------------------------------- requirements

    function _requirePositive(uint256 amount) private pure {
        if (amount == 0) revert BAD_AMOUNT(amount);
    }

    function _requireKnown(bytes32 verse) private view {
        if (_verses[verse].verseId == 0) revert VERSE_NOT_FOUND(verse);
    }

    function _requireLive(bytes32 verse) private view {
        _requireKnown(verse);
        if (!Boxes.isLive(_cells(_boxes[verse]))) revert VERSE_COLLAPSED(verse);
    }

    /// @dev Escrow backs everything possible alike, so money comes and goes only where all of it is.
    function _requireAll(bytes32 verse) private view {
        _requireLive(verse);
        if (!Boxes.coversAll(_cells(_boxes[verse]))) revert NOT_EXHAUSTIVE(verse);
    }

    function _requireCounts(string[] calldata outcomes, uint256[] calldata probabilities) private pure {
        if (outcomes.length < 2 || outcomes.length > 256) revert BAD_INPUT("2 to 256 outcomes");
        if (probabilities.length < 2 || probabilities.length > 256) revert BAD_INPUT("2 to 256 probabilities");
        for (uint256 i = 0; i < outcomes.length; ++i) {
            uint256 size = bytes(outcomes[i]).length;
            if (size == 0 || size > NAME_BYTES_MAX) revert BAD_INPUT("a name has 1 to 64 bytes");
        }
    }

    function _requireNames(string[] calldata outcomes) private pure {
        bytes32[] memory seen = new bytes32[](outcomes.length);
        for (uint256 i = 0; i < outcomes.length; ++i) {
            seen[i] = keccak256(bytes(outcomes[i]));
            for (uint256 j = 0; j < i; ++j) {
                if (seen[j] == seen[i]) revert BAD_INPUT("two outcomes have one name");
            }
        }
    }

    /// @return unit The greatest common divisor of the probabilities.
    function _requireProbabilities(uint256 outcomeCount, uint256[] calldata probabilities)
        private
        pure
        returns (uint256 unit)
    {
        uint256 sum = 0;
        for (uint256 i = 0; i < probabilities.length; ++i) {
            if (probabilities[i] > PROBABILITY_ONE) revert BAD_NUMBER(probabilities[i]);
            sum += probabilities[i];
            unit = _gcd(unit, probabilities[i]);
        }
        if (probabilities.length != outcomeCount) revert BAD_INPUT("as many probabilities as outcomes");
        if (sum != PROBABILITY_ONE) revert PROBABILITIES_UNBALANCED(sum);
    }

    /// @dev The verse ids as ERC-1155 ids: the same words.
    function _asIds(bytes32[] memory verses) private pure returns (uint256[] memory ids) {
        assembly ("memory-safe") {
            ids := verses
        }
    }

    function _repeat(uint256 value, uint256 times) private pure returns (uint256[] memory values) {
        values = new uint256[](times);
        for (uint256 i = 0; i < times; ++i) values[i] = value;
    }
}
