//! A chain of 40 operators, a dataset of 200 columns.
use fennel::prelude::*;

fennel::owner!("orders@example.com");

#[dataset]
pub struct Order {
    pub amount: f64,
    pub at: DateTime<Utc>,
}

#[pipeline]
fn long(orders: Order) -> Order {
    orders
        .assign(step_0 = amount + 1.0)
        .filter(step_0 > 0.0)
        .drop(amount)
        .assign(step_1 = step_0 + 1.0)
        .filter(step_1 > 1.0)
        .drop(step_0)
        .assign(step_2 = step_1 + 1.0)
        .filter(step_2 > 2.0)
        .drop(step_1)
        .assign(step_3 = step_2 + 1.0)
        .filter(step_3 > 3.0)
        .drop(step_2)
        .assign(step_4 = step_3 + 1.0)
        .filter(step_4 > 4.0)
        .drop(step_3)
        .assign(step_5 = step_4 + 1.0)
        .filter(step_5 > 5.0)
        .drop(step_4)
        .assign(step_6 = step_5 + 1.0)
        .filter(step_6 > 6.0)
        .drop(step_5)
        .assign(step_7 = step_6 + 1.0)
        .filter(step_7 > 7.0)
        .drop(step_6)
        .assign(step_8 = step_7 + 1.0)
        .filter(step_8 > 8.0)
        .drop(step_7)
        .assign(step_9 = step_8 + 1.0)
        .filter(step_9 > 9.0)
        .drop(step_8)
        .assign(step_10 = step_9 + 1.0)
        .filter(step_10 > 10.0)
        .drop(step_9)
        .assign(step_11 = step_10 + 1.0)
        .filter(step_11 > 11.0)
        .drop(step_10)
        .assign(step_12 = step_11 + 1.0)
        .filter(step_12 > 12.0)
        .drop(step_11)
        .rename(amount = step_12)
}

#[dataset]
pub struct Wide {
    pub c0: i64,
    pub c1: i64,
    pub c2: i64,
    pub c3: i64,
    pub c4: i64,
    pub c5: i64,
    pub c6: i64,
    pub c7: i64,
    pub c8: i64,
    pub c9: i64,
    pub c10: i64,
    pub c11: i64,
    pub c12: i64,
    pub c13: i64,
    pub c14: i64,
    pub c15: i64,
    pub c16: i64,
    pub c17: i64,
    pub c18: i64,
    pub c19: i64,
    pub c20: i64,
    pub c21: i64,
    pub c22: i64,
    pub c23: i64,
    pub c24: i64,
    pub c25: i64,
    pub c26: i64,
    pub c27: i64,
    pub c28: i64,
    pub c29: i64,
    pub c30: i64,
    pub c31: i64,
    pub c32: i64,
    pub c33: i64,
    pub c34: i64,
    pub c35: i64,
    pub c36: i64,
    pub c37: i64,
    pub c38: i64,
    pub c39: i64,
    pub c40: i64,
    pub c41: i64,
    pub c42: i64,
    pub c43: i64,
    pub c44: i64,
    pub c45: i64,
    pub c46: i64,
    pub c47: i64,
    pub c48: i64,
    pub c49: i64,
    pub c50: i64,
    pub c51: i64,
    pub c52: i64,
    pub c53: i64,
    pub c54: i64,
    pub c55: i64,
    pub c56: i64,
    pub c57: i64,
    pub c58: i64,
    pub c59: i64,
    pub c60: i64,
    pub c61: i64,
    pub c62: i64,
    pub c63: i64,
    pub c64: i64,
    pub c65: i64,
    pub c66: i64,
    pub c67: i64,
    pub c68: i64,
    pub c69: i64,
    pub c70: i64,
    pub c71: i64,
    pub c72: i64,
    pub c73: i64,
    pub c74: i64,
    pub c75: i64,
    pub c76: i64,
    pub c77: i64,
    pub c78: i64,
    pub c79: i64,
    pub c80: i64,
    pub c81: i64,
    pub c82: i64,
    pub c83: i64,
    pub c84: i64,
    pub c85: i64,
    pub c86: i64,
    pub c87: i64,
    pub c88: i64,
    pub c89: i64,
    pub c90: i64,
    pub c91: i64,
    pub c92: i64,
    pub c93: i64,
    pub c94: i64,
    pub c95: i64,
    pub c96: i64,
    pub c97: i64,
    pub c98: i64,
    pub c99: i64,
    pub c100: i64,
    pub c101: i64,
    pub c102: i64,
    pub c103: i64,
    pub c104: i64,
    pub c105: i64,
    pub c106: i64,
    pub c107: i64,
    pub c108: i64,
    pub c109: i64,
    pub c110: i64,
    pub c111: i64,
    pub c112: i64,
    pub c113: i64,
    pub c114: i64,
    pub c115: i64,
    pub c116: i64,
    pub c117: i64,
    pub c118: i64,
    pub c119: i64,
    pub c120: i64,
    pub c121: i64,
    pub c122: i64,
    pub c123: i64,
    pub c124: i64,
    pub c125: i64,
    pub c126: i64,
    pub c127: i64,
    pub c128: i64,
    pub c129: i64,
    pub c130: i64,
    pub c131: i64,
    pub c132: i64,
    pub c133: i64,
    pub c134: i64,
    pub c135: i64,
    pub c136: i64,
    pub c137: i64,
    pub c138: i64,
    pub c139: i64,
    pub c140: i64,
    pub c141: i64,
    pub c142: i64,
    pub c143: i64,
    pub c144: i64,
    pub c145: i64,
    pub c146: i64,
    pub c147: i64,
    pub c148: i64,
    pub c149: i64,
    pub c150: i64,
    pub c151: i64,
    pub c152: i64,
    pub c153: i64,
    pub c154: i64,
    pub c155: i64,
    pub c156: i64,
    pub c157: i64,
    pub c158: i64,
    pub c159: i64,
    pub c160: i64,
    pub c161: i64,
    pub c162: i64,
    pub c163: i64,
    pub c164: i64,
    pub c165: i64,
    pub c166: i64,
    pub c167: i64,
    pub c168: i64,
    pub c169: i64,
    pub c170: i64,
    pub c171: i64,
    pub c172: i64,
    pub c173: i64,
    pub c174: i64,
    pub c175: i64,
    pub c176: i64,
    pub c177: i64,
    pub c178: i64,
    pub c179: i64,
    pub c180: i64,
    pub c181: i64,
    pub c182: i64,
    pub c183: i64,
    pub c184: i64,
    pub c185: i64,
    pub c186: i64,
    pub c187: i64,
    pub c188: i64,
    pub c189: i64,
    pub c190: i64,
    pub c191: i64,
    pub c192: i64,
    pub c193: i64,
    pub c194: i64,
    pub c195: i64,
    pub c196: i64,
    pub c197: i64,
    pub c198: i64,
    pub at: DateTime<Utc>,
}

#[dataset]
pub struct Totals {
    #[field(key)]
    pub c0: i64,
    pub total_0: i64,
    pub total_1: i64,
    pub total_2: i64,
    pub total_3: i64,
    pub total_4: i64,
    pub total_5: i64,
    pub total_6: i64,
    pub total_7: i64,
    pub total_8: i64,
    pub total_9: i64,
    pub total_10: i64,
    pub total_11: i64,
    pub total_12: i64,
    pub total_13: i64,
    pub total_14: i64,
    pub total_15: i64,
    pub total_16: i64,
    pub total_17: i64,
    pub total_18: i64,
    pub total_19: i64,
    pub total_20: i64,
    pub total_21: i64,
    pub total_22: i64,
    pub total_23: i64,
    pub total_24: i64,
    pub total_25: i64,
    pub total_26: i64,
    pub total_27: i64,
    pub total_28: i64,
    pub total_29: i64,
    pub total_30: i64,
    pub total_31: i64,
    pub total_32: i64,
    pub total_33: i64,
    pub total_34: i64,
    pub total_35: i64,
    pub total_36: i64,
    pub total_37: i64,
    pub total_38: i64,
    pub total_39: i64,
    pub total_40: i64,
    pub total_41: i64,
    pub total_42: i64,
    pub total_43: i64,
    pub total_44: i64,
    pub total_45: i64,
    pub total_46: i64,
    pub total_47: i64,
    pub total_48: i64,
    pub total_49: i64,
    pub at: DateTime<Utc>,
}

#[pipeline]
fn wide(rows: Wide) -> Wide {
    rows.filter(c0 > 0 && c198 > 0)
        .assign(c198 = c198 + 1)
        .assign(extra = c0 + c1)
        .drop(extra)
}

#[pipeline]
fn totals(rows: Wide) -> Totals {
    rows.group_by(c0).aggregate(
        total_0 = sum(c0, "7d"),
        total_1 = sum(c1, "7d"),
        total_2 = sum(c2, "7d"),
        total_3 = sum(c3, "7d"),
        total_4 = sum(c4, "7d"),
        total_5 = sum(c5, "7d"),
        total_6 = sum(c6, "7d"),
        total_7 = sum(c7, "7d"),
        total_8 = sum(c8, "7d"),
        total_9 = sum(c9, "7d"),
        total_10 = sum(c10, "7d"),
        total_11 = sum(c11, "7d"),
        total_12 = sum(c12, "7d"),
        total_13 = sum(c13, "7d"),
        total_14 = sum(c14, "7d"),
        total_15 = sum(c15, "7d"),
        total_16 = sum(c16, "7d"),
        total_17 = sum(c17, "7d"),
        total_18 = sum(c18, "7d"),
        total_19 = sum(c19, "7d"),
        total_20 = sum(c20, "7d"),
        total_21 = sum(c21, "7d"),
        total_22 = sum(c22, "7d"),
        total_23 = sum(c23, "7d"),
        total_24 = sum(c24, "7d"),
        total_25 = sum(c25, "7d"),
        total_26 = sum(c26, "7d"),
        total_27 = sum(c27, "7d"),
        total_28 = sum(c28, "7d"),
        total_29 = sum(c29, "7d"),
        total_30 = sum(c30, "7d"),
        total_31 = sum(c31, "7d"),
        total_32 = sum(c32, "7d"),
        total_33 = sum(c33, "7d"),
        total_34 = sum(c34, "7d"),
        total_35 = sum(c35, "7d"),
        total_36 = sum(c36, "7d"),
        total_37 = sum(c37, "7d"),
        total_38 = sum(c38, "7d"),
        total_39 = sum(c39, "7d"),
        total_40 = sum(c40, "7d"),
        total_41 = sum(c41, "7d"),
        total_42 = sum(c42, "7d"),
        total_43 = sum(c43, "7d"),
        total_44 = sum(c44, "7d"),
        total_45 = sum(c45, "7d"),
        total_46 = sum(c46, "7d"),
        total_47 = sum(c47, "7d"),
        total_48 = sum(c48, "7d"),
        total_49 = sum(c49, "7d"),
    )
}

fn main() {}
