//! What is printed is read by Rust's own grammar as the expression that was printed.

use fennel_core::expr::{Binary, Branch, Expr, FieldExpr, Unary};
use fennel_core::literal::Literal;
use fennel_core::ty::{Record, RecordField, Type};
use proptest::prelude::*;
use syn::{BinOp, Expr as Syntax, ExprBlock, Lit, Member, UnOp};

const A: Expr<'static> = Expr::Name("a");
const B: Expr<'static> = Expr::Name("b");
const POINT: Type<'static> = Type::Record(&Record {
    name: "Point",
    fields: &[RecordField {
        name: "x",
        ty: Type::Int,
    }],
});

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn binary(op: Binary, left: Expr<'static>, right: Expr<'static>) -> Expr<'static> {
    Expr::Binary(op, leak(left), leak(right))
}

/// The tree, each node in brackets, with negative numbers as negated ones.
fn tree(expr: &Expr<'_>) -> String {
    match expr {
        Expr::Name(name) | Expr::Variable(name) => (*name).into(),
        Expr::Literal(literal) => number(literal),
        Expr::Shared(inner) => tree(inner),
        Expr::Unary(op, operand) => format!("({} {})", op.text(), tree(operand)),
        Expr::Binary(Binary::FloorDiv, left, right) => {
            format!("(.floor_div {} {})", tree(left), tree(right))
        }
        Expr::Binary(op, left, right) => format!("({} {} {})", op.text(), tree(left), tree(right)),
        Expr::If(branches, otherwise) => {
            // The last branch first, since each `else` holds the rest.
            let mut text = otherwise.map_or("-".into(), tree);
            for Branch { condition, value } in branches.iter().rev() {
                text = format!("(if {} {} {text})", tree(condition), tree(value));
            }
            text
        }
        Expr::Call("at", [list, index]) => format!("([] {} {})", tree(list), tree(index)),
        Expr::Call(name, args) => {
            let args: Vec<_> = args.iter().map(tree).collect();
            format!("(.{name} {})", args.join(" "))
        }
        Expr::Named(name, value) => format!("(= {name} {})", tree(value)),
        Expr::Closure(variable, body) => format!("(|{variable}| {})", tree(body)),
        Expr::Field(operand, name) => format!("(.{name} {})", tree(operand)),
        Expr::Record(_, fields) => {
            let fields: Vec<_> = fields
                .iter()
                .map(|field| format!("{}: {}", field.name, tree(&field.value)))
                .collect();
            format!("{{{}}}", fields.join(" "))
        }
        Expr::Zip(..) | Expr::Type(_) => unreachable!("not generated"),
        Expr::Cast(inner, _) => format!("(as {})", tree(inner)),
    }
}

fn number(literal: &Literal<'_>) -> String {
    match literal {
        Literal::Int(int) if *int < 0 => format!("(- {})", int.unsigned_abs()),
        Literal::Int(int) => int.to_string(),
        Literal::Str(text) => format!("{text:?}"),
        other => unreachable!("{other:?} is not generated"),
    }
}

/// The same of what Rust read.
fn read(syntax: &Syntax) -> String {
    match syntax {
        Syntax::Paren(inner) => read(&inner.expr),
        Syntax::Path(path) => path.path.get_ident().unwrap().to_string(),
        Syntax::Lit(lit) => match &lit.lit {
            Lit::Int(int) => int.base10_digits().into(),
            Lit::Str(text) => format!("{:?}", text.value()),
            _ => panic!("another literal"),
        },
        Syntax::Unary(unary) => {
            let op = match unary.op {
                UnOp::Neg(_) => "-",
                UnOp::Not(_) => "!",
                _ => panic!("another operator"),
            };
            format!("({op} {})", read(&unary.expr))
        }
        Syntax::Binary(binary) => {
            let op = match binary.op {
                BinOp::Add(_) => "+",
                BinOp::Sub(_) => "-",
                BinOp::Mul(_) => "*",
                BinOp::Div(_) => "/",
                BinOp::Rem(_) => "%",
                BinOp::Eq(_) => "==",
                BinOp::Ne(_) => "!=",
                BinOp::Gt(_) => ">",
                BinOp::Ge(_) => ">=",
                BinOp::Lt(_) => "<",
                BinOp::Le(_) => "<=",
                BinOp::And(_) => "&&",
                BinOp::Or(_) => "||",
                _ => panic!("another operator"),
            };
            format!("({op} {} {})", read(&binary.left), read(&binary.right))
        }
        Syntax::If(branch) => {
            let otherwise = branch.else_branch.as_ref();
            format!(
                "(if {} {} {})",
                read(&branch.cond),
                block(&branch.then_branch),
                otherwise.map_or("-".into(), |(_, otherwise)| read(otherwise))
            )
        }
        Syntax::Block(ExprBlock { block: inner, .. }) => block(inner),
        Syntax::Index(index) => format!("([] {} {})", read(&index.expr), read(&index.index)),
        Syntax::MethodCall(call) => {
            let args = std::iter::once(&*call.receiver).chain(&call.args);
            let args: Vec<_> = args.map(read).collect();
            format!("(.{} {})", call.method, args.join(" "))
        }
        Syntax::Call(call) => {
            let args: Vec<_> = call.args.iter().map(read).collect();
            format!("(.{} {})", read(&call.func), args.join(" "))
        }
        Syntax::Assign(named) => format!("(= {} {})", read(&named.left), read(&named.right)),
        Syntax::Closure(closure) => {
            let syn::Pat::Ident(variable) = &closure.inputs[0] else {
                panic!("another pattern");
            };
            format!("(|{}| {})", variable.ident, read(&closure.body))
        }
        Syntax::Field(field) => {
            let Member::Named(name) = &field.member else {
                panic!("another member");
            };
            format!("(.{name} {})", read(&field.base))
        }
        Syntax::Struct(record) => {
            let fields: Vec<_> = record
                .fields
                .iter()
                .map(|field| {
                    let Member::Named(name) = &field.member else {
                        panic!("another member");
                    };
                    format!("{name}: {}", read(&field.expr))
                })
                .collect();
            format!("{{{}}}", fields.join(" "))
        }
        Syntax::Cast(cast) => format!("(as {})", read(&cast.expr)),
        _ => panic!("another expression"),
    }
}

fn block(block: &syn::Block) -> String {
    match block.stmts.as_slice() {
        [syn::Stmt::Expr(expr, None)] => read(expr),
        _ => panic!("another statement"),
    }
}

/// `&&` and `||` in the order in which they stand: how they are grouped makes no difference.
fn grouped(expr: Expr<'static>) -> Expr<'static> {
    match expr {
        Expr::Binary(op @ (Binary::And | Binary::Or), left, right) => match *right {
            Expr::Binary(inner, middle, last) if inner == op => {
                binary(op, grouped(binary(op, *left, *middle)), *last)
            }
            _ => expr,
        },
        other => other,
    }
}

fn any_expr() -> impl Strategy<Value = Expr<'static>> {
    let leaf = prop_oneof![
        Just(A),
        Just(B),
        any::<i64>().prop_map(|int| Expr::Literal(Literal::Int(int))),
        Just(Expr::Literal(Literal::Str("it's \"so\"\n"))),
        (-9_i64..9)
            .prop_map(|int| { Expr::Cast(leak(Expr::Literal(Literal::Int(int))), Type::Float) }),
    ];
    leaf.prop_recursive(6, 48, 3, |inner| {
        let op = (0..Binary::ALL.len()).prop_map(|i| Binary::ALL[i]);
        prop_oneof![
            5 => (op, inner.clone(), inner.clone()).prop_map(|(op, left, right)| {
                grouped(binary(op, left, right))
            }),
            2 => (any::<bool>(), inner.clone()).prop_map(|(neg, operand)| {
                Expr::Unary(if neg { Unary::Neg } else { Unary::Not }, leak(operand))
            }),
            2 => (prop::collection::vec((inner.clone(), inner.clone()), 1..3), prop::option::of(inner.clone()))
                .prop_map(|(branches, otherwise)| {
                    let branches: Vec<_> = branches
                        .into_iter()
                        .map(|(condition, value)| Branch { condition, value })
                        .collect();
                    Expr::If(branches.leak(), otherwise.map(leak))
                }),
            2 => (0..4_usize, inner.clone(), inner.clone()).prop_map(|(which, a, b)| match which {
                0 => Expr::Call("at", vec![a, b].leak()),
                1 => Expr::Call("abs", vec![a].leak()),
                2 => Expr::Call("repeat", vec![a, Expr::Named("count", leak(b))].leak()),
                _ => Expr::Call("map", vec![a, Expr::Closure("v", leak(b))].leak()),
            }),
            1 => inner.clone().prop_map(|a| Expr::Field(leak(a), "x")),
            1 => inner.prop_map(|value| {
                Expr::Record(POINT, vec![FieldExpr { name: "x", value }].leak())
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rust_reads_what_was_printed(expr in any_expr()) {
        let text = expr.to_string();
        let syntax = syn::parse_str::<Syntax>(&text);
        prop_assert!(syntax.is_ok(), "{}: {:?}", text, syntax.err());
        prop_assert_eq!(read(&syntax.unwrap()), tree(&expr), "{}", text);
    }
}

#[test]
fn brackets_are_few() {
    let sum = binary(Binary::Add, A, B);
    let greater = binary(Binary::Gt, A, B);
    let record = Expr::Record(
        POINT,
        leak([FieldExpr {
            name: "x",
            value: A,
        }]),
    );
    let list = [Literal::Int(1), Literal::Int(2)];
    let list = Expr::Cast(
        leak(Expr::Literal(Literal::List(leak(list)))),
        Type::List(&Type::Int),
    );
    let cases = [
        (binary(Binary::Add, sum, A), "a + b + a"),
        (binary(Binary::Add, A, sum), "a + (a + b)"),
        (binary(Binary::Mul, sum, A), "(a + b) * a"),
        (
            binary(Binary::And, greater, binary(Binary::And, greater, greater)),
            "a > b && a > b && a > b",
        ),
        (
            binary(Binary::Or, greater, binary(Binary::And, greater, greater)),
            "a > b || a > b && a > b",
        ),
        (binary(Binary::Eq, greater, A), "(a > b) == a"),
        (
            binary(Binary::FloorDiv, sum, sum),
            "(a + b).floor_div(a + b)",
        ),
        (Expr::Unary(Unary::Not, leak(greater)), "!(a > b)"),
        (
            Expr::Unary(Unary::Neg, leak(Expr::Call("abs", leak([A])))),
            "-a.abs()",
        ),
        (
            Expr::Call("abs", leak([Expr::Literal(Literal::Int(-5))])),
            "(-5).abs()",
        ),
        (
            Expr::Call("at", leak([A, Expr::Literal(Literal::Int(-1))])),
            "a[-1]",
        ),
        (Expr::Call("now", &[]), "now()"),
        (
            Expr::Call("parse", leak([A, Expr::Type(Type::List(&Type::Int))])),
            "a.parse::<Vec<i64>>()",
        ),
        (
            Expr::Call(
                "from_epoch",
                leak([A, Expr::Literal(Literal::Str("second"))]),
            ),
            "from_epoch(a, \"second\")",
        ),
        (
            Expr::Call(
                "strftime",
                leak([
                    A,
                    Expr::Literal(Literal::Str("%Y")),
                    Expr::Named("timezone", leak(Expr::Literal(Literal::Str("Asia/Tokyo")))),
                ]),
            ),
            "a.strftime(\"%Y\", timezone = \"Asia/Tokyo\")",
        ),
        (
            Expr::If(
                leak([Branch {
                    condition: Expr::Field(leak(record), "x"),
                    value: A,
                }]),
                Some(&B),
            ),
            "if (Point { x: a }).x { a } else { b }",
        ),
        (list, "[1, 2] as Vec<i64>"),
        (
            Expr::Call("len", leak([list])),
            "([1, 2] as Vec<i64>).len()",
        ),
        (
            Expr::Zip(
                POINT,
                leak([FieldExpr {
                    name: "x",
                    value: A,
                }]),
            ),
            "Point::zip(x = a)",
        ),
        (Expr::Name("type"), "r#type"),
        (Expr::Literal(Literal::Float(2.0)), "2.0"),
        (Expr::Literal(Literal::Null), "None"),
    ];
    for (expr, text) in cases {
        assert_eq!(expr.to_string(), text);
    }
}
