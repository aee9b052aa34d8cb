"""What Citus and the design ask of a statement, found in its syntax tree: PostgreSQL 15's own, by pglast.

A table's key is the column that it is spread by. A statement keeps to one machine where the key of every table that it
touches equals one and the same value: a parameter, or what a member of a batch has in one of the arrays. What equals
what is followed through conditions, joins, USING, IN, subqueries, WITH, RETURNING, and INSERT ... SELECT.

    complaints(sql, form, schema)    pairs of a rule and what breaks it
"""
from dataclasses import dataclass, field

from pglast import ast, enums, parse_sql


@dataclass
class Schema:
    columns: dict  # of each table: the names of its columns
    keys: dict     # of each table: the column that it is spread by
    places: dict   # of each table: the one that it lies beside, or itself
    stable: set    # names of functions; with an overload that is only so, too
    volatile: set


@dataclass(eq=False)
class Relation:
    """A table, a WITH query, a subquery or a function, as one FROM has it."""
    alias: str
    columns: dict  # name: what it is equal to, or None
    table: str = None
    is_target: bool = False  # of an INSERT
    named_by: set = field(default_factory=set)  # the parameters of `key = ANY (...)`

    def has(self, column):
        return column in self.columns


class Scope:
    def __init__(self, parent=None):
        self.parent, self.relations = parent, []

    def find(self, names):
        """The relation and its column; None where it is neither ours nor the outer query's."""
        scope = self
        while scope:
            for relation in scope.relations:
                if relation.has(names[-1]) and (len(names) == 1 or relation.alias == names[-2]):
                    return relation, names[-1]
            scope = scope.parent
        return None


def text(name):
    return name.sval if isinstance(name, ast.String) else name


def children(node):
    for name in type(node).__slots__:
        value = getattr(node, name, None)
        for one in value if isinstance(value, tuple) else (value,):
            for each in one if isinstance(one, tuple) else (one,):
                if isinstance(each, ast.Node):
                    yield each


def everything(node):
    yield node
    for child in children(node):
        yield from everything(child)


def function_name(call):
    return text(call.funcname[-1])


def bare(node):
    while isinstance(node, ast.TypeCast):
        node = node.arg
    return node


def column_names(node):
    """Of `a.b`; None for anything else."""
    if not isinstance(node, ast.ColumnRef) or isinstance(node.fields[-1], ast.A_Star):
        return None
    return [text(part) for part in node.fields]


class Reading:
    """One statement."""

    def __init__(self, schema, form):
        self.schema, self.form = schema, form
        self.equal = {}        # what an end of an equation leads to; an end is (relation, column) or (kind, number)
        self.references = []   # relations that are tables
        self.found = []        # complaints

    def complain(self, rule, what):
        self.found.append((rule, what))

    # ---- Equations.
    def lead(self, one, to):
        if one is not None and to is not None:
            self.equal.setdefault(one, set()).add(to)

    def term(self, node, scope):
        node = bare(node)
        if isinstance(node, ast.ParamRef):
            return ('parameter', node.number)
        names = column_names(node)
        return scope.find(names) if names else None

    def link(self, one, other, bound):
        """`bound`: whose rows the condition chooses. It says nothing of the side that an outer join keeps, nor of the
        query around a subquery."""
        for this, that in ((one, other), (other, one)):
            if this and this[0] in bound:
                self.lead(this, that)

    def values(self, end):
        """The parameters, and places in arrays, that an end is equal to."""
        seen, open_ends = set(), [end]
        while open_ends:
            one = open_ends.pop()
            if one not in seen:
                seen.add(one)
                open_ends += self.equal.get(one, ())
                if isinstance(one[0], Relation) and isinstance(one[0].columns.get(one[1]), tuple):
                    open_ends.append(one[0].columns[one[1]])
        return {one for one in seen if isinstance(one[0], str)}

    # ---- Queries. Each returns its columns: pairs of a name and what it is equal to.
    def query(self, node, scope, ctes):
        ctes = dict(ctes)  # this one's, and those around it
        clause = getattr(node, 'withClause', None)
        for one in clause.ctes if clause else ():
            ctes[one.ctename] = self.query(one.ctequery, scope, ctes)
        kind = {ast.SelectStmt: self.select, ast.InsertStmt: self.insert, ast.UpdateStmt: self.change,
                ast.DeleteStmt: self.change}[type(node)]
        return kind(node, scope, ctes)

    def select(self, node, outer, ctes):
        if node.op != enums.SetOperation.SETOP_NONE:
            columns = self.query(node.larg, outer, ctes)
            self.query(node.rarg, outer, ctes)
            return [(name, None) for name, _ in columns]
        scope = Scope(outer)
        for item in node.fromClause or ():
            self.relation(item, scope, ctes)
        self.condition(node.whereClause, scope, ctes, scope.relations)
        for part in (node.havingClause, node.limitCount, *(node.sortClause or ()), *(node.groupClause or ())):
            self.expression(part, scope, ctes)
        for row in node.valuesLists or ():
            return [(None, self.term(value, scope)) for value in row]
        return self.outputs(node.targetList, scope, ctes)

    def insert(self, node, outer, ctes):
        target = self.table(node.relation, True)
        columns = self.query(node.selectStmt, outer, ctes)
        for column, (_, value) in zip(node.cols, columns):
            self.lead((target, column.name), value)
        self.check_conflict(node, target)
        return self.returned(node, target, [], outer, ctes)

    def change(self, node, outer, ctes):
        target = self.table(node.relation)
        scope = Scope(outer)
        scope.relations.append(target)
        sources = node.fromClause if isinstance(node, ast.UpdateStmt) else node.usingClause
        for item in sources or ():
            self.relation(item, scope, ctes)
        self.condition(node.whereClause, scope, ctes, scope.relations)
        settings = node.targetList if isinstance(node, ast.UpdateStmt) else ()
        for one in settings or ():
            self.expression(one.val, scope, ctes)
            if one.name == self.schema.keys[target.table]:
                self.complain('key-stays', f'{target.table}.{one.name} is set')
        self.check_change([one.val for one in settings or ()] + [node.whereClause])
        return self.returned(node, target, scope.relations[1:], outer, ctes)

    def returned(self, node, target, others, outer, ctes):
        for one in node.returningList or ():
            if self.mutable(one):
                self.complain('immutable', 'RETURNING has a function that is not immutable')
        scope = Scope(outer)
        scope.relations = [target, *others]
        return self.outputs(node.returningList, scope, ctes)

    def outputs(self, targets, scope, ctes):
        columns = []
        for target in targets or ():
            value = target.val
            if isinstance(value, ast.ColumnRef) and isinstance(value.fields[-1], ast.A_Star):
                alias = text(value.fields[0]) if len(value.fields) > 1 else None
                for relation in scope.relations:
                    if alias in (None, relation.alias):
                        if relation.table:
                            self.complain('names-columns', f'{relation.table}.* has what a later migration adds')
                        columns += [(name, (relation, name)) for name in relation.columns]
                continue
            self.expression(value, scope, ctes)
            names = column_names(bare(value))
            columns.append((target.name or (names[-1] if names else None), self.term(value, scope)))
        return columns

    # ---- FROM.
    def table(self, node, is_target=False):
        relation = Relation(node.alias.aliasname if node.alias else node.relname,
                            dict.fromkeys(self.schema.columns[node.relname]), node.relname, is_target)
        self.references.append(relation)
        return relation

    def relation(self, node, scope, ctes):
        """Adds to the scope what it returns."""
        if isinstance(node, ast.JoinExpr):
            return self.join(node, scope, ctes)
        if isinstance(node, ast.RangeVar) and node.relname not in ctes:
            made = self.table(node)
        elif isinstance(node, ast.RangeVar):
            made = Relation(node.alias.aliasname if node.alias else node.relname, dict(ctes[node.relname]))
        elif isinstance(node, ast.RangeSubselect):
            if node.lateral and node.subquery.limitCount and self.form == 'spread':
                self.complain('no-lateral-limit', f'LATERAL {node.alias.aliasname} has a LIMIT')
            made = Relation(node.alias.aliasname,
                            dict(self.query(node.subquery, scope if node.lateral else scope.parent, ctes)))
        else:
            call = node.functions[0][0]
            places = [bare(one) for one in call.args or ()]
            names = [text(one) for one in node.alias.colnames or ()]
            made = Relation(node.alias.aliasname, dict.fromkeys(names))
            if function_name(call) == 'unnest':
                for name, place in zip(names, places):
                    if isinstance(place, ast.ParamRef):
                        made.columns[name] = ('element', place.number)
        scope.relations.append(made)
        return [made]

    def join(self, node, scope, ctes):
        left = self.relation(node.larg, scope, ctes)
        right = self.relation(node.rarg, scope, ctes)
        bound = {enums.JoinType.JOIN_INNER: left + right, enums.JoinType.JOIN_LEFT: right,
                 enums.JoinType.JOIN_RIGHT: left}.get(node.jointype, [])
        for name in map(text, node.usingClause or ()):
            ends = [next(((one, name) for one in side if one.has(name)), None) for side in (left, right)]
            self.link(*ends, bound)
        self.condition(node.quals, scope, ctes, bound)
        return left + right

    # ---- Conditions.
    def condition(self, node, scope, ctes, bound):
        """Each part of it holds for the rows of `bound` that come out."""
        if isinstance(node, ast.BoolExpr) and node.boolop == enums.BoolExprType.AND_EXPR:
            for one in node.args:
                self.condition(one, scope, ctes, bound)
        elif isinstance(node, ast.SubLink) and node.subLinkType == enums.SubLinkType.ANY_SUBLINK and not node.operName:
            columns = self.query(node.subselect, scope, ctes)
            tested = node.testexpr.args if isinstance(node.testexpr, ast.RowExpr) else (node.testexpr,)
            for one, (_, value) in zip(tested, columns):
                end = self.term(one, scope)
                self.lead(end if end and end[0] in bound else None, value)  # the other rows of the subquery are read too
        elif isinstance(node, ast.A_Expr) and text(node.name[-1]) == '=' and node.kind == enums.A_Expr_Kind.AEXPR_OP:
            self.link(self.term(node.lexpr, scope), self.term(node.rexpr, scope), bound)
            self.expression(node, scope, ctes)
        elif isinstance(node, ast.A_Expr) and node.kind == enums.A_Expr_Kind.AEXPR_OP_ANY and text(node.name[-1]) == '=':
            end, array = self.term(node.lexpr, scope), bare(node.rexpr)
            if end and isinstance(array, ast.ParamRef) and end[0] in bound:
                if end[0].table and end[1] == self.schema.keys[end[0].table]:
                    end[0].named_by.add(array.number)
            self.expression(node, scope, ctes)
        else:
            self.expression(node, scope, ctes)

    def expression(self, node, scope, ctes):
        """The subqueries in it."""
        if isinstance(node, ast.SubLink):
            self.query(node.subselect, scope, ctes)
            node = node.testexpr
        if node is not None:
            for child in children(node):
                self.expression(child, scope, ctes)

    # ---- What Citus asks of functions where a table is written: it may run them on another machine than the table's.
    def mutable(self, node, kinds=('stable', 'volatile')):
        names = set().union(*(getattr(self.schema, kind) for kind in kinds))
        for one in everything(node) if node is not None else ():
            if isinstance(one, ast.FuncCall) and function_name(one) in names:
                return one
            if 'stable' in kinds and (isinstance(one, ast.SQLValueFunction) or self.is_interval_sum(one)):
                return one
        return None

    @staticmethod
    def is_interval_sum(node):
        """timestamptz + interval looks at the session's time zone."""
        def is_interval(one):
            return (isinstance(one, ast.TypeCast) and text(one.typeName.names[-1]) == 'interval') or \
                   (isinstance(one, ast.FuncCall) and function_name(one) == 'make_interval')
        return (isinstance(node, ast.A_Expr) and text(node.name[-1]) in ('+', '-') and
                any(map(is_interval, (node.lexpr, node.rexpr))))

    def check_conflict(self, node, target):
        conflict = node.onConflictClause
        for one in (conflict.targetList or ()) if conflict else ():
            if one.name == self.schema.keys[target.table]:
                self.complain('key-stays', f'{target.table}.{one.name} is set')
        if conflict and self.mutable(conflict):
            self.complain('immutable', 'ON CONFLICT has a function that is not immutable')

    def check_change(self, parts):
        for node in (one for part in parts if part is not None for one in everything(part)):
            if isinstance(node, (ast.CaseExpr, ast.CoalesceExpr)) and self.mutable(node):
                self.complain('immutable', 'CASE or COALESCE of a change has a function that is not immutable')
            elif self.mutable(node, ('volatile',)) is node:
                self.complain('immutable', 'a change has a volatile function')
            elif self.mutable(node, ('stable',)) is node and any(isinstance(one, ast.ColumnRef) for one in everything(node)):
                self.complain('immutable', 'a change has a stable function of a column')

    # ---- Judgement.
    def judge(self):
        values = [self.values((one, self.schema.keys[one.table])) for one in self.references]
        for one, known in zip(self.references, values):
            if not known:
                self.complain('one-owner', f'{one.table} is looked for without its {self.schema.keys[one.table]}')
        common = set.intersection(*values) if values else set()
        if values and all(values) and not common:
            self.complain('one-owner', 'its tables are bound to different values')
        places = {self.schema.places[one.table] for one in self.references}
        if len(places) > 1:
            self.complain('colocated', f'what lies beside {" and ".join(sorted(places))} may be on different machines')
        for array in {number for kind, number in common if kind == 'element'} if self.form == 'spread' else ():
            for one in self.references:
                if not one.is_target and array not in one.named_by:
                    self.complain('names-its-owners', f'{one.table} lacks {self.schema.keys[one.table]} = ANY (${array})')
        return self.found


def complaints(sql, form, schema):
    statement = parse_sql(sql)[0].stmt
    reading = Reading(schema, form)
    reading.query(statement, None, {})
    for node in everything(statement):
        if isinstance(node, ast.FuncCall) and function_name(node) in ('nextval', 'currval', 'lastval', 'setval'):
            reading.complain('no-sequence', function_name(node))
        if form == 'spread' and (column_names(node) or [''])[-1] == 'ctid':
            reading.complain('no-ctid', 'a ctid is another row in each shard')
    return reading.judge()
