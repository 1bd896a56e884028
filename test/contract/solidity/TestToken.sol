// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

interface ITokenHook {
    function tokensMoved() external;
}

/// @notice A token for tests, which can be told to misbehave.
contract TestToken {
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    /// @notice Taken from every transfer.
    uint256 public fee;
    /// @notice Transfers answer false and move nothing.
    bool public refusing;
    /// @notice Who is called in the middle of a transfer, after it moved; nobody when 0.
    address public hook;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function misbehave(uint256 newFee, bool newRefusing, address newHook) external {
        (fee, refusing, hook) = (newFee, newRefusing, newHook);
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        allowance[from][msg.sender] -= amount;
        return _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        if (refusing) return false;
        balanceOf[from] -= amount;
        balanceOf[to] += amount - fee;
        if (hook != address(0)) ITokenHook(hook).tokensMoved();
        return true;
    }
}

/// @notice A contract that calls back once, when a token moves or when it is sent balances.
contract Attacker {
    address private _target;
    bytes private _call;

    /// @notice What the call back was answered: 0 not made, 1 refused, 2 done.
    uint256 public outcome;
    /// @notice The first four bytes of the refusal.
    bytes4 public refusal;
    /// @notice Answers this when it is sent balances.
    bytes4 public answer;

    /// @notice Does something as this contract, and lets refusals through.
    function act(address to, bytes calldata data) external {
        (bool done, bytes memory result) = to.call(data);
        if (done) return;
        assembly {
            revert(add(result, 32), mload(result))
        }
    }

    function plan(address target, bytes calldata data, bytes4 newAnswer) external {
        (_target, _call, answer, outcome) = (target, data, newAnswer, 0);
    }

    function tokensMoved() external {
        _attack();
    }

    function onERC1155Received(address, address, uint256, uint256, bytes calldata) external returns (bytes4) {
        _attack();
        return answer;
    }

    function onERC1155BatchReceived(address, address, uint256[] calldata, uint256[] calldata, bytes calldata)
        external
        returns (bytes4)
    {
        _attack();
        return answer;
    }

    function _attack() private {
        if (outcome != 0 || _target == address(0)) return;
        outcome = 1;
        (bool done, bytes memory result) = _target.call(_call);
        if (done) outcome = 2;
        else refusal = bytes4(result);
    }
}
