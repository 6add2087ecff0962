"""Where the demo's stations are: three countries, nine cities, invented stations and parties. Plain values.

Coordinates are of districts, written down roughly; the Chinese ones as a Chinese map draws them (GCJ-02).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Spot:
    """One station. Busy ones have more bays and slots, and a line."""

    name: str
    address: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class City:
    """The first `busy` spots are the ones where a line is usually seen."""

    slug: str
    name: str
    busy: int
    spots: tuple[Spot, ...]


@dataclass(frozen=True, slots=True)
class Price:
    """Per kilowatt-hour in major units and per swap in minor ones, tax included."""

    per_kwh: Decimal
    fee_minor: int


@dataclass(frozen=True, slots=True)
class Land:
    """One network: an operator's legal entity, and everybody it shares money with."""

    code: str
    country: str
    currency: str
    time_zone: str
    datum: str
    operator: str
    battery_bank: str
    owners: tuple[str, ...]
    owner_without_contract: str
    fleets: tuple[str, str]
    tax_rate_bp: int
    prices: dict[str, Price]
    top_up_minor: int
    credit_limit_minor: int
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    cities: tuple[City, ...]


PORTUGAL = Land(
    code="pt",
    country="PT",
    currency="EUR",
    time_zone="Europe/Lisbon",
    datum="wgs84",
    operator="Swapline Portugal",
    battery_bank="Banco de Baterias Tejo Azul",
    owners=("Ribeira Parques", "Bairro Energia"),
    owner_without_contract="Mercado Novo Garagens",
    fleets=("Frota Lince", "Entregas Pardal"),
    tax_rate_bp=2_300,
    prices={
        "compact": Price(Decimal("0.42"), 150),
        "long-range": Price(Decimal("0.44"), 180),
        "scooter": Price(Decimal("0.55"), 40),
    },
    top_up_minor=60_00,
    credit_limit_minor=6_000_00,
    first_names=(
        "Rui",
        "Marta",
        "Tiago",
        "Inês",
        "Nuno",
        "Sofia",
        "Vasco",
        "Leonor",
        "Paulo",
        "Rita",
        "Bruno",
        "Carla",
    ),
    last_names=("Antunes", "Barros", "Coelho", "Dias", "Esteves", "Faria", "Guedes", "Matos", "Pinho", "Vaz"),
    cities=(
        City(
            "lisbon",
            "Lisbon",
            3,
            (
                Spot("Cais do Sodré", "Travessa do Rebocador 4", 38.7061, -9.1440),
                Spot("Saldanha", "Rua das Três Bandeiras 18", 38.7342, -9.1447),
                Spot("Parque das Nações", "Passeio do Atlântico Novo 31", 38.7681, -9.0946),
                Spot("Alcântara", "Rua do Armazém Verde 7", 38.7045, -9.1757),
                Spot("Benfica", "Calçada da Nora 52", 38.7509, -9.2022),
                Spot("Campo Grande", "Alameda dos Plátanos 9", 38.7590, -9.1571),
                Spot("Belém", "Rua da Maré 23", 38.6979, -9.2060),
                Spot("Marvila", "Beco da Fiação 2", 38.7405, -9.1045),
                Spot("Areeiro", "Rua do Relojoeiro 40", 38.7424, -9.1335),
                Spot("Almada", "Rua do Estaleiro Velho 15", 38.6790, -9.1569),
                Spot("Oeiras", "Largo da Vela 6", 38.6969, -9.3146),
                Spot("Odivelas", "Rua do Lagar 61", 38.7930, -9.1838),
            ),
        ),
        City(
            "porto",
            "Porto",
            1,
            (
                Spot("Bolhão", "Rua da Fonte Fria 12", 41.1496, -8.6058),
                Spot("Boavista", "Rua dos Pomares 88", 41.1579, -8.6291),
                Spot("Foz", "Travessa do Farolim 3", 41.1510, -8.6745),
                Spot("Campanhã", "Rua da Rotunda Nova 27", 41.1487, -8.5856),
                Spot("Gaia Cais", "Rua das Pipas 19", 41.1375, -8.6129),
                Spot("Matosinhos", "Rua do Carapau 44", 41.1844, -8.6963),
            ),
        ),
        City(
            "coimbra",
            "Coimbra",
            0,
            (
                Spot("Coimbra Mondego", "Rua dos Barqueiros 5", 40.2068, -8.4295),
                Spot("Coimbra Norte", "Rua da Olaria 71", 40.2320, -8.4371),
            ),
        ),
    ),
)

THAILAND = Land(
    code="th",
    country="TH",
    currency="THB",
    time_zone="Asia/Bangkok",
    datum="wgs84",
    operator="Swapline Thailand",
    battery_bank="White Elephant Battery Bank",
    owners=("Klong Charge Yards", "Lotus Corner Parking"),
    owner_without_contract="Old Moat Garages",
    fleets=("Golden Naga Cabs", "Mango Riders"),
    tax_rate_bp=700,
    prices={
        "compact": Price(Decimal("8.50"), 25_00),
        "long-range": Price(Decimal("8.80"), 30_00),
        "scooter": Price(Decimal("11.00"), 8_00),
    },
    top_up_minor=1_500_00,
    credit_limit_minor=150_000_00,
    first_names=("Anan", "Busaba", "Chai", "Dao", "Kamon", "Lek", "Malee", "Niran", "Ploy", "Somsak", "Tida", "Wichai"),
    last_names=("Boonmee", "Chaiyo", "Jaidee", "Kaewta", "Meesuk", "Phrom", "Rakdee", "Saelim", "Thongdee", "Wongsa"),
    cities=(
        City(
            "bangkok",
            "Bangkok",
            3,
            (
                Spot("Silom", "9 Soi Khieo Wan", 13.7270, 100.5290),
                Spot("Asok", "27 Soi Mali Khao", 13.7372, 100.5610),
                Spot("Chatuchak", "112 Soi Talat Mai", 13.8050, 100.5560),
                Spot("Thong Lo", "4 Soi Dok Champa", 13.7300, 100.5810),
                Spot("Ratchada", "63 Soi Nok Kaeo", 13.7660, 100.5735),
                Spot("Lat Phrao", "18 Soi Bua Luang", 13.8160, 100.6070),
                Spot("Bang Na", "205 Soi Rung Arun", 13.6680, 100.6350),
                Spot("Thonburi", "31 Soi Ruea Yao", 13.7210, 100.4860),
                Spot("Victory Monument", "7 Soi Saeng Dao", 13.7650, 100.5385),
                Spot("Min Buri", "88 Soi Na Khao", 13.8130, 100.7310),
                Spot("Don Mueang", "140 Soi Lom Nuea", 13.9150, 100.6050),
                Spot("Rama II", "52 Soi Kluea", 13.6650, 100.4480),
            ),
        ),
        City(
            "chiang-mai",
            "Chiang Mai",
            1,
            (
                Spot("Nimman", "3 Soi Kafae", 18.7990, 98.9680),
                Spot("Tha Phae", "16 Soi Kampaeng Din", 18.7880, 98.9990),
                Spot("Santitham", "45 Soi Lamyai", 18.8040, 98.9800),
                Spot("Hang Dong", "9 Soi Thung Rung", 18.6870, 98.9190),
                Spot("San Kamphaeng", "70 Soi Rom Kradat", 18.7450, 99.1200),
            ),
        ),
        City(
            "phuket",
            "Phuket",
            0,
            (
                Spot("Phuket Old Town", "21 Soi Chino", 7.8840, 98.3890),
                Spot("Patong", "8 Soi Hat Sai", 7.8960, 98.2970),
                Spot("Chalong", "33 Soi Pla Thong", 7.8470, 98.3390),
            ),
        ),
    ),
)

CHINA = Land(
    code="cn",
    country="CN",
    currency="CNY",
    time_zone="Asia/Shanghai",
    datum="gcj02",
    operator="Swapline China",
    battery_bank="Bamboo Grove Battery Bank",
    owners=("Banyan Yards", "Harbour Lane Depots"),
    owner_without_contract="Lychee Alley Garages",
    fleets=("Kapok Cabs", "Swift Swallow Couriers"),
    tax_rate_bp=1_300,
    prices={
        "compact": Price(Decimal("1.60"), 6_00),
        "long-range": Price(Decimal("1.68"), 8_00),
        "scooter": Price(Decimal("2.20"), 1_50),
    },
    top_up_minor=300_00,
    credit_limit_minor=30_000_00,
    first_names=("Wei", "Fang", "Jun", "Li", "Min", "Na", "Peng", "Qian", "Rong", "Tao", "Xin", "Yan"),
    last_names=("Chen", "Deng", "Guo", "He", "Liang", "Lin", "Luo", "Tang", "Wu", "Zhong"),
    cities=(
        City(
            "shenzhen",
            "Shenzhen",
            3,
            (
                Spot("Futian Lotus Hill", "18 Qingfeng Lane, Futian", 22.5560, 114.0590),
                Spot("Nanshan Software Park", "6 Yunfan Lane, Nanshan", 22.5400, 113.9470),
                Spot("Luohu Gate", "31 Meihua Lane, Luohu", 22.5390, 114.1190),
                Spot("Bao'an Centre", "77 Haitang Lane, Bao'an", 22.5560, 113.8860),
                Spot("Longhua North", "12 Zhuyuan Lane, Longhua", 22.6120, 114.0290),
                Spot("Longgang Universiade", "25 Songtao Lane, Longgang", 22.6930, 114.2190),
                Spot("Shekou Harbour", "9 Yugang Lane, Nanshan", 22.4890, 113.9180),
                Spot("Yantian Port", "40 Bailang Lane, Yantian", 22.5690, 114.2640),
                Spot("Guangming Meadows", "3 Caoyuan Lane, Guangming", 22.7490, 113.9350),
            ),
        ),
        City(
            "guangzhou",
            "Guangzhou",
            1,
            (
                Spot("Tianhe East", "15 Mumian Lane, Tianhe", 23.1350, 113.3420),
                Spot("Yuexiu Park", "8 Wuyang Lane, Yuexiu", 23.1400, 113.2660),
                Spot("Haizhu Lake", "52 Lihu Lane, Haizhu", 23.0760, 113.3240),
                Spot("Panyu Square", "30 Shuixiang Lane, Panyu", 22.9420, 113.3640),
                Spot("Baiyun Hills", "11 Yunxia Lane, Baiyun", 23.1870, 113.2750),
                Spot("Huangpu Docks", "64 Gangwan Lane, Huangpu", 23.1060, 113.4590),
            ),
        ),
        City(
            "shanghai",
            "Shanghai",
            1,
            (
                Spot("Jing'an Garden", "20 Yulan Lane, Jing'an", 31.2310, 121.4470),
                Spot("Pudong Riverside", "5 Jiangfan Lane, Pudong", 31.2390, 121.5050),
                Spot("Xuhui South", "48 Guihua Lane, Xuhui", 31.1720, 121.4370),
                Spot("Hongqiao West", "90 Yingke Lane, Minhang", 31.1940, 121.3200),
                Spot("Yangpu Campus", "13 Shuxiang Lane, Yangpu", 31.2950, 121.5160),
            ),
        ),
    ),
)

LANDS = (PORTUGAL, THAILAND, CHINA)
