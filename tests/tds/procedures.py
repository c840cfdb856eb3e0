from tests.tds.engine import *
def call(engine, request):
    print("RPC", request)
    yield Rows([Column('a', INT)], iter([(1,)]))
    yield Status(0)
    if 'prep' in request.procedure: yield Output(0, '', INT, 1)
