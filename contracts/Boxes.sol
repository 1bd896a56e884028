// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice One constraint of a verse as the checks see it: what of a condition it allows, and what is still possible.
/// @param condition Its id. The cells of a box are in ascending order of it.
/// @param allowed Outcomes that the verse allows and that are still possible; bit i is outcome i.
/// @param live Outcomes of the condition that are still possible, whatever verse one is in.
struct Cell {
    bytes32 condition;
    uint256 allowed;
    uint256 live;
}

/// @title Algebra of boxes
/// @notice A verse is a box: for each condition that it names, a set of outcomes. Possible outcomes of everything
/// together (atoms) are never listed, so each question costs a walk over constraints.
/// @dev The same rules as `src/multiverse/lambda.ts`.
library Boxes {
    /// @notice True when something possible is in the box.
    function isLive(Cell[] memory box) internal pure returns (bool) {
        for (uint256 i = 0; i < box.length; ++i) {
            if (box[i].allowed == 0) return false;
        }
        return true;
    }

    /// @notice True when everything possible is in the box.
    function coversAll(Cell[] memory box) internal pure returns (bool) {
        for (uint256 i = 0; i < box.length; ++i) {
            if (box[i].live == 0 || box[i].allowed != box[i].live) return false;
        }
        return true;
    }

    /// @notice True when some condition tells two live boxes apart.
    function excludeEachOther(Cell[] memory a, Cell[] memory b) internal pure returns (bool) {
        uint256 j = 0;
        for (uint256 i = 0; i < a.length && j < b.length; ) {
            bytes32 first = a[i].condition;
            bytes32 second = b[j].condition;
            if (first == second) {
                if (a[i].allowed & b[j].allowed == 0) return true;
                ++i;
                ++j;
            } else if (first < second) {
                ++i;
            } else {
                ++j;
            }
        }
        return false;
    }

    /// @notice True when everything possible in the live box `inner` is in `outer`.
    function isInside(Cell[] memory inner, Cell[] memory outer) internal pure returns (bool) {
        uint256 i = 0;
        for (uint256 o = 0; o < outer.length; ++o) {
            Cell memory cell = outer[o];
            while (i < inner.length && inner[i].condition < cell.condition) ++i;
            bool named = i < inner.length && inner[i].condition == cell.condition;
            uint256 here = named ? inner[i].allowed : cell.live;
            if (here & ~cell.allowed != 0) return false;
        }
        return true;
    }

    /// @notice The conditions of both, in order. Returns `a` itself when `b` names no other.
    /// @dev Of the cells only `condition` and `live` mean something.
    function union(Cell[] memory a, Cell[] memory b) internal pure returns (Cell[] memory) {
        uint256 fresh = 0;
        uint256 i = 0;
        for (uint256 j = 0; j < b.length; ++j) {
            while (i < a.length && a[i].condition < b[j].condition) ++i;
            if (i == a.length || a[i].condition != b[j].condition) ++fresh;
        }
        if (fresh == 0) return a;
        Cell[] memory all = new Cell[](a.length + fresh);
        i = 0;
        uint256 k = 0;
        for (uint256 n = 0; n < all.length; ++n) {
            if (k == b.length || (i < a.length && a[i].condition <= b[k].condition)) {
                if (k < b.length && a[i].condition == b[k].condition) ++k;
                all[n] = a[i++];
            } else {
                all[n] = b[k++];
            }
        }
        return all;
    }

    /// @notice How many joint outcomes of the conditions in `space` the box allows.
    /// @param space Conditions that include all of the box.
    /// @return count The product of the numbers of allowed outcomes.
    /// @return fits False when it does not fit into 256 bits.
    function countIn(Cell[] memory box, Cell[] memory space) internal pure returns (uint256 count, bool fits) {
        count = 1;
        uint256 i = 0;
        for (uint256 s = 0; s < space.length; ++s) {
            bool named = i < box.length && box[i].condition == space[s].condition;
            uint256 size = sizeOf(named ? box[i].allowed : space[s].live);
            if (named) ++i;
            if (count > type(uint256).max / size) return (0, false);
            count *= size;
        }
        return (count, true);
    }

    /// @notice How many outcomes a set has.
    function sizeOf(uint256 set) internal pure returns (uint256 size) {
        for (; set != 0; set &= set - 1) ++size;
    }
}
