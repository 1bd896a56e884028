// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Boxes, Cell} from "./Boxes.sol";

/// @notice Asks the algebra of boxes directly, without conditions that would have to be opened.
contract BoxesHarness {
    /// @notice Counts in a space of conditions that are named 1, 2, ...; a set of 0 is not in the box.
    function countIn(uint256[] calldata live, uint256[] calldata allowed) external pure returns (uint256, bool) {
        Cell[] memory space = new Cell[](live.length);
        Cell[] memory box = new Cell[](live.length);
        uint256 named = 0;
        for (uint256 i = 0; i < live.length; ++i) {
            space[i] = Cell(bytes32(i + 1), live[i], live[i]);
            if (allowed[i] != 0) box[named++] = Cell(bytes32(i + 1), allowed[i], live[i]);
        }
        assembly ("memory-safe") {
            mstore(box, named)
        }
        return Boxes.countIn(box, space);
    }
}
