from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import path


def answer(request: HttpRequest) -> JsonResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 6 * 7")
        return JsonResponse({"answer": cursor.fetchone()[0]})


urlpatterns = [path("answer", answer)]
